import { lazy, Suspense, useId } from "react";
import { CHANGE_LETTERS, type Change, type ChangeKind } from "@/queries/git";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { Counts } from "./Counts";
import { toggleExpanded, useExpanded } from "./expanded";
import { openDiff } from "./open";
import { baseName, folderOf } from "./tabs";

const PatchView = lazy(() => import("./PatchView"));

const TONES: Record<ChangeKind, string> = {
  modified: "text-waiting",
  added: "text-done",
  untracked: "text-done",
  deleted: "text-failed",
  renamed: "text-working",
  conflicted: "text-failed",
  type_changed: "text-waiting",
};

interface RowProps {
  projectId: string;
  change: Change;
  running: boolean;
}

/** One changed file; unfolded, the change itself. */
export function ChangeRow({ projectId, change, running }: RowProps) {
  const id = useId();
  const { path, kind, from } = change;
  const unfolded = useExpanded(projectId).has(path);
  const word = kind.replace("_", " ");
  return (
    <li className="border-b border-line">
      <div className="sticky top-0 z-[1] flex h-8 items-center bg-canvas pr-2 hover:bg-surface has-[[data-open]:focus-visible]:bg-raised touch:h-11">
        <button
          data-open
          type="button"
          aria-expanded={unfolded}
          aria-controls={unfolded ? id : undefined}
          title={from ? `${from.slice(1)} → ${path.slice(1)}` : path.slice(1)}
          onClick={() => toggleExpanded(projectId, path)}
          className="flex h-full min-w-0 flex-1 items-center gap-2 pl-3 pr-2 text-left -outline-offset-2"
        >
          <Icon name={unfolded ? "down" : "right"} className="size-3.5 text-muted" />
          <span title={word} className={classes("w-3 font-mono text-12 font-semibold", TONES[kind])}>
            <span aria-hidden="true">{CHANGE_LETTERS[kind]}</span>
            <span className="sr-only">{word}</span>
          </span>
          <span className={classes("truncate", kind === "deleted" && "line-through")}>{baseName(path)}</span>
          <span className="min-w-0 flex-1 truncate text-12 text-muted">
            {from ? `from ${from.slice(1)}` : folderOf(path).slice(1)}
          </span>
          <Counts added={change.added} removed={change.removed} />
        </button>
        <Button
          kind="quiet"
          size="small"
          onClick={() => openDiff(projectId, path)}
          aria-label={`Open ${path}`}
        >
          Open
        </Button>
      </div>
      {unfolded && (
        <div id={id} className="border-t border-line">
          <Suspense fallback={<div role="status" aria-label="Reading the change" className="h-16" />}>
            <PatchView projectId={projectId} path={path} running={running} />
          </Suspense>
        </div>
      )}
    </li>
  );
}
