import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { flushSync } from "react-dom";
import type { Project, Run } from "@/api/types";
import { Switch } from "@/features/machines/Switch";
import { useDismissRun } from "@/queries/runActions";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { FailureLine } from "@/ui/Failure";
import { useNow } from "@/ui/now";
import { AnswerBox } from "./AnswerBox";
import { draftOf } from "./drafts";
import { afterAnswer, backToRow, leaveRow } from "./focus";
import { isPaused } from "./parts";
import { RunMark } from "./RunMark";
import { RunMenu } from "./RunMenu";
import { RunText } from "./RunText";
import { ScreenPreview } from "./ScreenPreview";
import { useTalk } from "./useTalk";
import { noteOf, spent, spentInFull, taskOf, textOf } from "./words";

interface RunRowProps {
  run: Run;
  project: Project | undefined;
  /** With the last lines of its terminal. */
  screens: boolean;
}

/** One run on the board: whose, since when, what, and the answer box where it waits. */
export function RunRow({ run, project, screens }: RunRowProps) {
  // A message that was begun before the row was made anew is there again.
  const [messaging, setMessaging] = useState(() => draftOf(run.id) !== "");
  const dismiss = useDismissRun(run.id);
  const now = useNow();
  const { takes, asks } = useTalk(run, project);
  const box = asks || (messaging && takes);
  const message = (): void => {
    flushSync(() => setMessaging(true));
    backToRow(run.id, true);
  };
  const takeOff = (): void => {
    leaveRow(run.id);
    dismiss.mutate();
  };
  const screen = screens && !run.ended_at && !isPaused(run) && run.terminal_id !== null;
  return (
    <li
      data-row
      data-run={run.id}
      data-waiting={run.state === "waiting" || undefined}
      className={classes(
        "relative grid grid-cols-[minmax(0,1fr)] items-start gap-x-6 gap-y-2 border-b border-line px-4 py-2.5 hover:bg-surface has-[[data-open]:focus-visible]:bg-surface",
        screen && "lg:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]",
      )}
    >
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-1.5">
        <Head
          run={run}
          project={project}
          message={takes ? message : undefined}
          asks={asks}
          dismiss={takeOff}
          busy={dismiss.isPending}
        />
        <RunText
          text={textOf(run, now)}
          note={noteOf(run)}
          className={classes("relative md:pl-41", run.state === "waiting" ? "text-14" : "text-muted")}
        />
        {run.reason === "key_refused" && <Refused />}
        {isPaused(run) && <Paused run={run} project={project} />}
        {box && (
          <div className="max-w-3xl md:pl-41">
            <AnswerBox
              key={run.question?.id ?? run.id}
              run={run}
              keyed
              sending={() => {
                const next = afterAnswer(run.id);
                return () => {
                  setMessaging(false);
                  next();
                };
              }}
              leave={() => {
                setMessaging(false);
                backToRow(run.id);
              }}
            />
          </div>
        )}
        {dismiss.error && (
          <div className="relative md:pl-41">
            <FailureLine error={dismiss.error} />
          </div>
        )}
      </div>
      {screen && <ScreenPreview run={run} className={classes("md:max-lg:ml-41", asks && "max-lg:hidden")} />}
    </li>
  );
}

interface HeadProps {
  run: Run;
  project: Project | undefined;
  message: (() => void) | undefined;
  asks: boolean;
  dismiss: () => void;
  busy: boolean;
}

function Head({ run, project, message, asks, dismiss, busy }: HeadProps) {
  const task = taskOf(run);
  const cost = spent(run);
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 md:flex md:min-h-6">
      <RunMark run={run} className="row-start-2 md:w-38" />
      <Link
        data-open
        to="/projects/$projectId"
        params={{ projectId: run.project_id }}
        search={{ run: run.id }}
        className="col-start-1 row-start-1 min-w-0 truncate text-14 after:absolute after:inset-0 md:max-w-[45%] md:shrink-0 md:text-13"
      >
        <span className="font-medium">{project?.name ?? "A deleted project"}</span>{" "}
        <span className="text-muted">{run.agent_title}</span>
      </Link>
      <span
        className="col-span-full row-start-3 min-w-0 flex-1 truncate text-muted empty:max-md:hidden max-md:pt-0.5"
        title={task}
      >
        {task}
      </span>
      <span className="row-start-2 flex items-center justify-end text-muted">
        {cost && (
          <span data-number title={spentInFull(run)} className="relative whitespace-nowrap">
            {cost}
          </span>
        )}
      </span>
      <span className="relative row-start-1 flex items-center justify-end gap-1 max-md:-my-1.5 max-md:touch:-mr-3">
        {run.ended_at && (
          <Button
            data-dismiss
            size="small"
            kind="quiet"
            busy={busy}
            onClick={dismiss}
            className="max-md:hidden"
          >
            Dismiss
          </Button>
        )}
        {message && !asks && (
          <Button data-message size="small" kind="quiet" onClick={message} className="max-md:hidden">
            Message
          </Button>
        )}
        <RunMenu run={run} project={project} message={message} dismiss={dismiss} />
      </span>
    </div>
  );
}

function Refused() {
  return (
    <p className="relative md:pl-41">
      <Link to="/settings/keys" className="text-accent underline underline-offset-2">
        Replace the key
      </Link>
    </p>
  );
}

function Paused({ run, project }: { run: Run; project: Project | undefined }) {
  return (
    <div className="relative flex flex-wrap items-center gap-x-3 gap-y-1.5 text-muted md:pl-41">
      <span>
        {run.question
          ? "The machine is stopped. The question is open again when it runs."
          : "The machine is stopped. The agent goes on when it runs."}
      </span>
      {project && <Switch project={project} />}
    </div>
  );
}
