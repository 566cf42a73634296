import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { Project, Run } from "@/api/types";
import { ProjectRow } from "@/features/machines/ProjectRow";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { FailureLine } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { useStored } from "@/ui/stored";
import { BoardBar } from "./BoardBar";
import { type Board as BoardOf, boardOf, countOf, filtered, type Item, PART_WORDS } from "./board";
import { NoRuns } from "./NoRuns";
import { PARTS, type Part } from "./parts";
import { RunDialogs } from "./RunDialogs";
import { RunRow } from "./RunRow";
import { boardSettings } from "./settings";
import { useBoardKeys } from "./useBoardKeys";

const StartAgent = lazy(() => import("./StartAgent"));

interface BoardProps {
  projects: Project[];
  runs: Run[];
  /** Why the runs are not known. */
  error: unknown;
  create: () => void;
}

/** Every project and every run on one page: who needs you first. */
export default function Board({ projects, runs, error, create }: BoardProps) {
  const { show, q = "" } = useSearch({ from: "/signed-in/projects" });
  const navigate = useNavigate({ from: "/projects" });
  const [starting, setStarting] = useState(false);
  const start = (): void => setStarting(true);
  useBoardKeys({ create, start, runs });
  const board = boardOf(runs, projects);
  const seen = filtered(board, show, q);
  const look = (change: { show?: Part | undefined; q?: string | undefined }): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <RunDialogs>
      <div className="sticky top-0 z-10 flex min-h-12 shrink-0 flex-wrap items-center gap-x-3 border-b border-line bg-canvas px-2 md:pr-4">
        <BoardBar
          counts={countOf(board)}
          part={show}
          text={q}
          choose={(part) => look({ show: part })}
          search={(text) => look({ q: text || undefined })}
        />
        <Actions create={create} start={start} className="max-md:hidden" />
      </div>
      {error ? (
        <div className="border-b border-line px-4 py-2">
          <FailureLine error={error} />
        </div>
      ) : (
        !runs.length &&
        !show &&
        !q && (
          <NoRuns
            start={start}
            slug={(projects.find(({ status }) => status === "running") ?? projects[0])?.slug ?? "my-project"}
          />
        )
      )}
      <Parts board={seen} />
      {PARTS.every((part) => !seen[part].length) && (
        <Nothing part={show} text={q} clear={() => look({ show: undefined, q: undefined })} />
      )}
      <KeyHints />
      <Actions
        create={create}
        start={start}
        className="sticky bottom-0 z-10 mt-auto border-t border-line bg-canvas px-4 py-2 md:hidden"
      />
      <Suspense>{starting && <StartAgent close={() => setStarting(false)} />}</Suspense>
    </RunDialogs>
  );
}

type ActionsProps = { create: () => void; start: () => void; className: string };

/** At a desk in the bar over the board; on a phone under it, where a thumb is. */
function Actions({ create, start, className }: ActionsProps) {
  return (
    <div className={classes("flex items-center gap-2", className)}>
      <Button
        onClick={create}
        aria-keyshortcuts="n"
        className="max-md:flex-1"
        icon={<Icon name="plus" className="size-3.5" />}
      >
        Create project
      </Button>
      <Button
        kind="primary"
        onClick={start}
        aria-keyshortcuts="a"
        className="max-md:flex-1"
        icon={<Icon name="play" className="size-3.5" />}
      >
        Start agent
      </Button>
    </div>
  );
}

function Parts({ board }: { board: BoardOf }) {
  const { screens } = useStored(boardSettings);
  return PARTS.map((part) => {
    const items = board[part];
    if (!items.length) return null;
    const { title } = PART_WORDS[part];
    return (
      <section key={part} aria-label={title}>
        <h2 className="flex h-9 items-end gap-2 border-b border-line px-4 pb-1 text-12 font-medium text-muted">
          {title}
          <span data-number className="font-normal">
            {items.length}
          </span>
        </h2>
        <ul>
          {items.map((item) => (
            <Row key={item.run?.id ?? item.project?.id} item={item} screens={screens} />
          ))}
        </ul>
      </section>
    );
  });
}

function Row({ item, screens }: { item: Item; screens: boolean }) {
  if (item.run) return <RunRow run={item.run} project={item.project} screens={screens} />;
  return <ProjectRow project={item.project} />;
}

const NOTHING: Record<Part, string> = {
  waiting: "Nobody waits for you.",
  working: "No agent is working.",
  trouble: "Nothing has failed, and nothing is stuck.",
  done: "Nothing has come to an end lately.",
  rest: "Every project has an agent at work.",
};

function Nothing({ part, text, clear }: { part: Part | undefined; text: string; clear: () => void }) {
  return (
    <div className="grid justify-items-center gap-3 px-4 py-12 text-center">
      <p className="text-muted">{text ? `Nothing matches “${text}”.` : part && NOTHING[part]}</p>
      <Button size="small" onClick={clear}>
        Show everything
      </Button>
    </div>
  );
}

const HINTS = [
  ["j k", "move"],
  ["Enter", "open"],
  ["w", "next that waits"],
  ["1 … 9 y n", "answer"],
  ["r", "reply"],
  ["a", "start agent"],
  ["n", "create project"],
  ["/", "filter"],
  ["Ctrl K", "everything"],
];

function KeyHints() {
  return (
    <p className="mt-auto hidden flex-wrap gap-x-5 gap-y-1 px-4 py-3 text-12 text-muted md:flex touch:hidden">
      {HINTS.map(([keys, does]) => (
        <span key={keys}>
          <kbd className="font-sans text-text">{keys}</kbd> {does}
        </span>
      ))}
    </p>
  );
}
