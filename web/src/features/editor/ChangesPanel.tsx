import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useRef } from "react";
import { type Change, gitStatusQuery, totals } from "@/queries/git";
import { keys } from "@/queries/keys";
import { useWatched } from "@/queries/watch";
import { Button, IconButton } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { ShellHint } from "@/ui/ShellHint";
import { SkeletonRows } from "@/ui/Skeleton";
import { isTyping } from "@/ui/typing";
import { ChangeRow } from "./ChangeRow";
import { Counts } from "./Counts";
import { setExpanded, useExpanded } from "./expanded";

const REFRESH_MS = 3_000;
/** More open at once than anybody reads, and as much as a page draws gladly. */
const MOST_OPEN = 50;

interface PanelProps {
  projectId: string;
  running: boolean;
  /** Absent where the panel has the page to itself. */
  close?: () => void;
}

/** Everything that differs from HEAD, file by file, while it goes on changing. */
export default function ChangesPanel({ projectId, running, close }: PanelProps) {
  const query = useQuery({ ...gitStatusQuery(projectId), refetchInterval: running ? REFRESH_MS : false });
  const items = query.data?.items;
  useFresh(projectId, running, items);
  const list = useRef<HTMLUListElement>(null);

  if (!items) {
    if (query.isPending) return <SkeletonRows label="Reading the changes" />;
    return (
      <div className="px-4">
        <Failure
          error={query.error}
          retry={() => void query.refetch()}
          title={running ? undefined : "The machine does not run"}
        />
      </div>
    );
  }
  if (!query.data?.repository)
    return (
      <Nothing title="This project is no git repository." command="git init" close={close}>
        Made one, it shows here what changes from commit to commit.
      </Nothing>
    );
  if (!items.length)
    return (
      <Nothing title="Nothing has changed since HEAD." command="git status" close={close}>
        What an agent or you change appears here at once.
      </Nothing>
    );
  const press = (event: React.KeyboardEvent): void => {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!step || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (walk(list.current, step)) event.preventDefault();
  };
  return (
    <section
      aria-label="Changes"
      className="@container flex h-full min-h-0 flex-1 flex-col"
      onKeyDown={press}
    >
      <Head projectId={projectId} branch={query.data.branch} items={items} close={close} />
      <ul ref={list} className="min-h-0 flex-1 overflow-auto">
        {items.map((item) => (
          <ChangeRow key={item.path} projectId={projectId} change={item} running={running} />
        ))}
        {query.data.truncated && (
          <li className="px-4 py-2 text-muted">There are more than can be listed here.</li>
        )}
      </ul>
    </section>
  );
}

/** Asks anew at once when one of the changed files changes again. */
function useFresh(projectId: string, running: boolean, items: readonly Change[] | undefined): void {
  const cache = useQueryClient();
  const files = useMemo(() => items?.slice(0, 300).map((item) => item.path) ?? [], [items]);
  useWatched(projectId, running, { files }, (change) => {
    void cache.invalidateQueries({ queryKey: keys.gitStatus(projectId) });
    for (const path of change.files)
      void cache.invalidateQueries({ queryKey: keys.gitDiff(projectId, path) });
  });
}

interface HeadProps {
  projectId: string;
  branch: string;
  items: readonly Change[];
  close: (() => void) | undefined;
}

function Head({ projectId, branch, items, close }: HeadProps) {
  const expanded = useExpanded(projectId);
  const sum = totals(items);
  const some = items.some((item) => expanded.has(item.path));
  const toggle = (): void =>
    setExpanded(projectId, new Set(some ? [] : items.slice(0, MOST_OPEN).map((item) => item.path)));
  return (
    <header className="flex h-9 shrink-0 items-center gap-3 border-b border-line bg-canvas pl-4 pr-2 touch:h-11">
      <h2 data-number className="truncate font-medium">
        {plural(items.length, "file changed", "files changed")}
      </h2>
      <Counts added={sum.added} removed={sum.removed} />
      {branch && (
        <span className="hidden min-w-0 items-center gap-1 text-12 text-muted @sm:flex">
          <Icon name="branch" className="size-3.5" />
          <span className="truncate">{branch}</span>
        </span>
      )}
      <Button kind="quiet" size="small" className="ml-auto" onClick={toggle}>
        {some ? "Fold all" : "Unfold all"}
      </Button>
      <Close close={close} />
    </header>
  );
}

/** A button only where the panel stands beside others. */
function Close({ close }: { close: (() => void) | undefined }) {
  if (!close) return null;
  return (
    <IconButton label="Hide changes" onClick={close} className="max-md:hidden">
      <Icon name="close" />
    </IconButton>
  );
}

interface NothingProps {
  title: string;
  /** What does in a shell what the title speaks of. */
  command: string;
  close: (() => void) | undefined;
  children: ReactNode;
}

function Nothing({ title, command, close, children }: NothingProps) {
  return (
    <section aria-label="Changes" className="flex h-full min-h-0 flex-1 flex-col">
      <header className="flex h-9 shrink-0 items-center border-b border-line pl-4 pr-2 touch:h-11">
        <h2 className="flex-1 font-medium">Changes</h2>
        <Close close={close} />
      </header>
      <div className="grid flex-1 content-center justify-items-center gap-2 p-6 text-center">
        <p className="text-14 font-medium text-balance">{title}</p>
        <p className="max-w-prose text-muted text-balance">{children}</p>
        <ShellHint command={command} />
      </div>
    </section>
  );
}

/** Moves the focus along the rows; false when there is none to go to. */
function walk(list: HTMLElement | null, step: number): boolean {
  const rows = [...(list?.querySelectorAll<HTMLElement>("[data-open]") ?? [])];
  const at = rows.findIndex((row) => row.closest("li")?.contains(document.activeElement));
  const next = rows[at < 0 ? 0 : at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return next !== undefined;
}
