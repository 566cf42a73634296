import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { Project, Run } from "@/api/types";
import { useDismissRun } from "@/queries/runActions";
import { runsQuery } from "@/queries/runs";
import { Button, IconButton } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Failure, FailureLine } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { useNow } from "@/ui/now";
import { ShellHint } from "@/ui/ShellHint";
import { SkeletonRows } from "@/ui/Skeleton";
import { AnswerBox } from "./AnswerBox";
import { backToRow } from "./focus";
import { showTerminal } from "./places";
import { RunDialogs } from "./RunDialogs";
import { RunMark } from "./RunMark";
import { RunMenu } from "./RunMenu";
import { RunText } from "./RunText";
import { useProjectRuns } from "./useProjectRuns";
import { useTalk } from "./useTalk";
import { noteOf, spent, spentInFull, taskOf, textOf } from "./words";

const StartAgent = lazy(() => import("./StartAgent"));

interface PanelProps {
  project: Project;
  close: () => void;
}

/** The agents of a project beside its files and terminals: what they ask, and what is said to them. */
export default function RunsPanel({ project, close }: PanelProps) {
  const query = useQuery(runsQuery);
  const runs = useProjectRuns(project.id);
  const navigate = useNavigate();
  const [starting, setStarting] = useState(false);
  const start = (): void => setStarting(true);
  return (
    <RunDialogs>
      <header className="flex h-9 shrink-0 items-center gap-1 border-b border-line pr-1 pl-3 touch:h-12">
        <h2 className="mr-auto truncate font-medium">Agents</h2>
        <Button size="small" onClick={start} icon={<Icon name="play" className="size-3.5" />}>
          Start agent
        </Button>
        <IconButton label="Hide agents" onClick={close} className="max-md:hidden">
          <Icon name="close" />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-auto">
        {query.isPending && <SkeletonRows label="Loading the agents" count={2} />}
        {query.error && !query.data && (
          <div className="px-3">
            <Failure
              error={query.error}
              title="The agents could not be listed"
              retry={() => void query.refetch()}
            />
          </div>
        )}
        {query.data && !runs.length && <Nobody slug={project.slug} />}
        <ul>
          {runs.map((run) => (
            <RunCard key={run.id} run={run} project={project} />
          ))}
        </ul>
      </div>
      <Suspense>
        {starting && (
          <StartAgent
            projectId={project.id}
            started={(run) => showTerminal(navigate, run)}
            close={() => setStarting(false)}
          />
        )}
      </Suspense>
    </RunDialogs>
  );
}

function Nobody({ slug }: { slug: string }) {
  return (
    <div className="grid gap-2 px-4 py-6 text-center">
      <p className="text-14 font-medium">No agent is at work here.</p>
      <p className="text-muted text-balance">Several may work side by side, each in a terminal of its own.</p>
      <ShellHint command={`aether runs start ${slug} claude-code "Fix the failing test"`} />
    </div>
  );
}

function RunCard({ run, project }: { run: Run; project: Project }) {
  const now = useNow();
  const navigate = useNavigate();
  const { terminal } = useSearch({ from: "/signed-in/projects/$projectId" });
  const { takes } = useTalk(run, project);
  const dismiss = useDismissRun(run.id);
  const message = takes ? () => backToRow(run.id, true) : undefined;
  const task = taskOf(run);
  const cost = spent(run);
  const shown = terminal !== undefined && terminal === run.terminal_id;
  return (
    <li
      data-run={run.id}
      className={classes(
        "grid grid-cols-[minmax(0,1fr)] gap-1.5 border-b border-line py-2 pr-1.5 pl-3",
        shown && "shadow-[inset_2px_0_0_var(--accent)]",
      )}
    >
      <div className="flex min-w-0 items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium" title={task}>
          {run.agent_title}
          {task && <span className="font-normal text-muted"> · {task}</span>}
        </span>
        {run.terminal_id && !shown && !run.ended_at && (
          <Button size="small" kind="quiet" onClick={() => showTerminal(navigate, run)}>
            Terminal
          </Button>
        )}
        <RunMenu run={run} project={project} message={message} dismiss={() => dismiss.mutate()} />
      </div>
      <p className="flex flex-wrap items-center gap-x-3 text-muted">
        <RunMark run={run} />
        {cost && (
          <span data-number title={spentInFull(run)}>
            {cost}
          </span>
        )}
      </p>
      <RunText
        text={textOf(run, now)}
        note={noteOf(run)}
        className={run.question ? undefined : "text-muted"}
      />
      {takes && (
        <div className="pr-1.5 pt-0.5">
          <AnswerBox key={run.question?.id ?? run.id} run={run} />
        </div>
      )}
      <FailureLine error={dismiss.error} />
    </li>
  );
}
