import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { asApiError } from "@/api/problem";
import { Button } from "@/ui/Button";
import { useTouch } from "@/ui/media";
import { Skeleton } from "@/ui/Skeleton";
import { type Marks, markOf } from "./marks";
import { NameInput } from "./NameInput";
import { isWithin } from "./paths";
import { type EntryRow, INDENT, type RowEvents, TreeRow } from "./TreeRow";
import { type Draft, isFolder, type Row, type Selection } from "./tree";
import { DRAGGED, useDrops } from "./useDrops";
import { useTreeKeys } from "./useTreeKeys";

export interface TreeProps {
  rows: readonly Row[];
  marks: Marks;
  selection: Selection;
  select: (next: Selection) => void;
  draft: Draft | null;
  renaming: string | null;
  /** The file the editor shows. */
  current: string | null;
  label: string;
  act: TreeActs;
}

export interface TreeActs {
  open: (row: EntryRow) => void;
  setOpen: (path: string, open: boolean) => void;
  press: (event: React.MouseEvent, row: EntryRow) => void;
  menu: (at: { x: number; y: number }, row: EntryRow | null) => void;
  drag: (row: EntryRow) => readonly string[];
  /** Paths of this tree, or things from the desktop, fell on a folder. */
  drop: (folder: string, data: DataTransfer) => void;
  rename: (path: string) => void;
  renamed: (path: string, name: string) => void;
  endRename: () => void;
  remove: (path: string) => void;
  copyPath: (path: string) => void;
  create: (draft: Draft, name: string) => void;
  endDraft: () => void;
  retry: (folder: string) => void;
  /** What is wrong with a name in a folder. */
  fault: (folder: string, name: string, own?: string) => string;
}

export interface TreeHandle {
  focus: () => void;
  reveal: (path: string) => void;
}

const OVERSCAN = 12;

/** A tree of any size: only what can be seen is drawn, and the row that has the focus. */
export function FileTree({ ref, ...props }: TreeProps & { ref?: React.Ref<TreeHandle> }) {
  const { rows, selection, select, act, label } = props;
  const place = useRef<HTMLDivElement>(null);
  const height = useTouch() ? 40 : 32;
  const activeAt = useMemo(
    () => rows.findIndex((row) => row.kind === "entry" && row.path === selection.active),
    [rows, selection.active],
  );
  const draftAt = rows.findIndex((row) => row.kind === "new");
  const kept = useMemo(() => [activeAt, draftAt].filter((at) => at >= 0), [activeAt, draftAt]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => height,
    overscan: OVERSCAN,
    getItemKey: (at) => rows[at]?.path ?? at,
    // The row that has the focus stays, or the focus would be lost by scrolling.
    rangeExtractor: useCallback(
      ({ startIndex, endIndex, overscan, count }: Range) => {
        const from = Math.max(0, startIndex - overscan);
        const to = Math.min(count - 1, endIndex + overscan);
        const shown = Array.from({ length: to - from + 1 }, (_, at) => from + at);
        return [...new Set([...shown, ...kept])].filter((at) => at < count).sort((a, b) => a - b);
      },
      [kept],
    ),
  });

  const focusActive = useFocusedRow(place, selection.active);
  const scrollTo = virtual.scrollToIndex;
  useEffect(() => {
    if (draftAt >= 0) scrollTo(draftAt);
  }, [draftAt, scrollTo]);

  const goTo = useCallback((at: number) => scrollTo(at), [scrollTo]);
  const keys = useTreeKeys({ ...props, activeAt, goTo, focusActive });
  const drops = useDrops(act.drop, act.setOpen);
  useImperativeHandle(ref, () => ({
    focus: () => focusActive(),
    reveal: (path) => {
      const at = rows.findIndex((row) => row.path === path);
      if (at >= 0) scrollTo(at);
    },
  }));

  const events = useRowEvents(act);
  const hasActive = activeAt >= 0;
  return (
    <div
      ref={place}
      role="tree"
      aria-label={label}
      aria-multiselectable="true"
      tabIndex={-1}
      data-typeahead
      onKeyDown={keys}
      // The row that has the focus is the one the keys act on, however the focus came there.
      onFocus={({ target }) => {
        const path = target.getAttribute("data-path");
        if (path && path !== selection.active) select({ ...selection, active: path, anchor: path });
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        act.menu({ x: event.clientX, y: event.clientY }, null);
      }}
      {...drops.on}
      className="relative min-h-0 flex-1 overflow-auto outline-none [overflow-anchor:none]"
    >
      {drops.over === "/" && (
        <div className="pointer-events-none absolute inset-0 z-10 rounded-md border border-accent" />
      )}
      <div role="presentation" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          if (!row) return null;
          if (row.kind !== "entry")
            return <OtherRow key={key} row={row} top={start} draft={props.draft} act={act} />;
          return (
            <OneRow
              key={key}
              {...props}
              row={row}
              top={start}
              first={!hasActive && index === 0}
              over={drops.over}
              events={events}
            />
          );
        })}
      </div>
    </div>
  );
}

type Range = { startIndex: number; endIndex: number; overscan: number; count: number };

type OneRowProps = TreeProps & {
  row: EntryRow;
  top: number;
  first: boolean;
  over: string | null;
  events: RowEvents;
};

function OneRow({ row, top, first, over, events, marks, selection, renaming, current, act }: OneRowProps) {
  const { path, entry } = row;
  const folder = isFolder(entry);
  const edits = renaming === path;
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  return (
    <TreeRow
      row={row}
      top={top}
      chosen={selection.chosen.has(path)}
      active={first || selection.active === path}
      target={over !== null && over !== "/" && isWithin(path, over)}
      shown={current === path}
      mark={markOf(marks, path)}
      dot={folder && marks.folders.has(path)}
      renaming={
        edits
          ? {
              fault: (name) => act.fault(parent, name, entry.name),
              done: (name) => act.renamed(path, name),
              cancel: act.endRename,
            }
          : null
      }
      events={events}
    />
  );
}

/** What stands in the place of a folder's inside, and the row a new name is typed into. */
function OtherRow({
  row,
  top,
  draft,
  act,
}: {
  row: Exclude<Row, EntryRow>;
  top: number;
  draft: Draft | null;
  act: TreeActs;
}) {
  const style = { transform: `translateY(${top}px)`, paddingLeft: 26 + (row.level - 1) * INDENT };
  const look = "absolute inset-x-0 top-0 flex h-8 items-center gap-2 pr-2 text-muted touch:h-10";
  if (row.kind === "new" && draft) {
    return (
      <div
        role="treeitem"
        aria-level={row.level}
        aria-label={`New ${draft.kind}`}
        tabIndex={-1}
        style={style}
        className={`${look} z-10`}
      >
        <NameInput
          label={`Name of the new ${draft.kind}`}
          name=""
          fault={(name) => act.fault(row.folder, name)}
          done={(name) => act.create(draft, name)}
          cancel={act.endDraft}
        />
      </div>
    );
  }
  return (
    <div role="treeitem" aria-level={row.level} tabIndex={-1} style={style} className={look}>
      {row.kind === "loading" && <Skeleton className="w-24" />}
      {row.kind === "loading" && <span className="sr-only">Loading</span>}
      {row.kind === "empty" && <span className="text-12">Empty</span>}
      {row.kind === "failed" && (
        <>
          <span className="truncate text-12 text-failed" title={asApiError(row.error).message}>
            {asApiError(row.error).message}
          </span>
          <Button size="small" kind="quiet" onClick={() => act.retry(row.folder)}>
            Try again
          </Button>
        </>
      )}
    </div>
  );
}

/** Row events that stay the same objects, so that rows that did not change are not drawn anew. */
function useRowEvents(act: TreeActs): RowEvents {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  const [events] = useState<RowEvents>(() => ({
    onPress: (event, row) => latest.current.press(event, row),
    onMenu: (at, row) => latest.current.menu(at, row),
    onDragStart: (event, row) => {
      const paths = latest.current.drag(row);
      event.dataTransfer.setData(DRAGGED, JSON.stringify(paths));
      event.dataTransfer.setData("text/plain", paths.join("\n"));
      event.dataTransfer.effectAllowed = "copyMove";
    },
  }));
  return events;
}

/** Puts the focus on the active row, else on the first one, as soon as it is drawn. */
function useFocusedRow(place: React.RefObject<HTMLDivElement | null>, active: string | null): () => void {
  const wanted = useRef(false);
  const latest = useRef(active);
  const put = useCallback((): void => {
    if (!wanted.current) return;
    const path = latest.current;
    const row = path
      ? place.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)
      : place.current?.querySelector<HTMLElement>("[data-path]");
    if (!row) return;
    wanted.current = false;
    row.focus({ preventScroll: true });
  }, [place]);
  useEffect(() => {
    latest.current = active;
    put();
  });
  return useCallback(() => {
    wanted.current = true;
    requestAnimationFrame(put);
  }, [put]);
}
