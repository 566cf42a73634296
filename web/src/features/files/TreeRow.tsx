import { memo } from "react";
import type { Entry } from "@/api/types";
import { CHANGE_LETTERS, type ChangeKind } from "@/queries/git";
import { classes } from "@/ui/classes";
import { Icon, type IconName } from "@/ui/Icon";
import { MARK_TONES, markWord } from "./marks";
import { NameInput } from "./NameInput";
import { isFolder, isOutside, isUnnamable, type Row, said } from "./tree";

export type EntryRow = Extract<Row, { kind: "entry" }>;

export interface RowEvents {
  onPress: (event: React.MouseEvent, row: EntryRow) => void;
  onMenu: (at: { x: number; y: number }, row: EntryRow) => void;
  onDragStart: (event: React.DragEvent, row: EntryRow) => void;
}

interface TreeRowProps {
  row: EntryRow;
  top: number;
  chosen: boolean;
  active: boolean;
  /** Something is dragged over it, or over what lies in it. */
  target: boolean;
  /** Shown by the editor now. */
  shown: boolean;
  mark: ChangeKind | null;
  dot: boolean;
  renaming: { fault: (name: string) => string; done: (name: string) => void; cancel: () => void } | null;
  events: RowEvents;
}

export const INDENT = 14;

/** One file or folder. */
export const TreeRow = memo(function TreeRow(props: TreeRowProps) {
  const { row, top, chosen, active, target, shown, mark, dot, renaming, events } = props;
  const { entry, level, open } = row;
  const folder = isFolder(entry);
  const words = mark ? markWord(mark) : dot ? "holds changes" : "";
  const openMenu = (event: React.MouseEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    const { right, bottom } = event.currentTarget.getBoundingClientRect();
    const at =
      event.type === "contextmenu" ? { x: event.clientX, y: event.clientY } : { x: right - 24, y: bottom };
    events.onMenu(at, row);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys for its rows.
    <div
      role="treeitem"
      aria-level={level}
      aria-setsize={row.count}
      aria-posinset={row.place}
      aria-expanded={folder ? open : undefined}
      aria-selected={chosen}
      aria-current={shown || undefined}
      aria-label={said(entry, words)}
      tabIndex={active ? 0 : -1}
      data-path={entry.path}
      title={titleOf(entry)}
      draggable={!renaming}
      onDragStart={(event) => events.onDragStart(event, row)}
      onClick={(event) => events.onPress(event, row)}
      onContextMenu={openMenu}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 6 + (level - 1) * INDENT }}
      className={classes(
        "group absolute inset-x-0 top-0 flex h-8 items-center gap-1.5 pr-1 -outline-offset-2 select-none touch:h-10",
        chosen ? "bg-accent-soft" : "hover:bg-raised",
        target && "bg-accent-soft",
        (isOutside(entry) || isUnnamable(entry)) && "text-muted",
      )}
    >
      {folder ? (
        <Icon
          name="right"
          className={classes("size-3.5 text-muted transition-transform duration-100", open && "rotate-90")}
        />
      ) : (
        <span className="w-3.5 shrink-0" />
      )}
      <Icon name={iconOf(entry)} className={classes("size-4", folder ? "text-accent" : "text-muted")} />
      {renaming ? (
        <NameInput label={`New name of ${entry.name}`} name={entry.name} whole={folder} {...renaming} />
      ) : (
        <Name entry={entry} shown={shown} mark={mark} />
      )}
      {!renaming && (
        <span className="relative flex h-6 min-w-6 shrink-0 items-center justify-center touch:h-9">
          <Mark mark={mark} dot={dot} />
          <button
            type="button"
            tabIndex={-1}
            aria-label={`Menu of ${entry.name}`}
            title={`Menu of ${entry.name}`}
            onClick={openMenu}
            className="absolute inset-0 grid place-items-center rounded-md opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 hover:bg-line touch:static touch:size-9 touch:text-muted touch:opacity-100"
          >
            <Icon name="more" />
          </button>
        </span>
      )}
    </div>
  );
});

function Name({ entry, shown, mark }: { entry: Entry; shown: boolean; mark: ChangeKind | null }) {
  return (
    <span className="flex min-w-0 flex-1 items-baseline gap-1.5">
      <span
        className={classes(
          "truncate",
          shown && "font-medium",
          mark === "deleted" && "line-through",
          mark && MARK_TONES[mark],
        )}
      >
        {entry.name}
      </span>
      {entry.type === "link" && (
        <span className="min-w-0 shrink truncate text-12 text-muted">→ {entry.link?.target}</span>
      )}
    </span>
  );
}

// The menu takes its place under a pointer.
const MARK_LOOK =
  "grid w-4 place-items-center group-hover:opacity-0 group-focus-visible:opacity-0 touch:opacity-100";

/** A letter for a change, a dot for a folder that holds some. */
function Mark({ mark, dot }: { mark: ChangeKind | null; dot: boolean }) {
  if (mark && !dot) {
    return (
      <span aria-hidden="true" className={classes(MARK_LOOK, "text-12 font-medium", MARK_TONES[mark])}>
        {CHANGE_LETTERS[mark]}
      </span>
    );
  }
  if (!dot) return null;
  return (
    <span aria-hidden="true" className={MARK_LOOK}>
      <span className="size-1.5 rounded-full bg-waiting" />
    </span>
  );
}

function iconOf(entry: Entry): IconName {
  if (entry.type === "link") return isFolder(entry) ? "folder" : "link";
  return entry.type === "folder" ? "folder" : "file";
}

function titleOf(entry: Entry): string {
  if (isUnnamable(entry)) return "Its name is no UTF-8, so it is reached from the terminal only.";
  if (isOutside(entry))
    return `${entry.name} links to ${entry.link?.target}, outside of the project, and is not followed.`;
  if (entry.link?.type === "missing") return `${entry.name} links to ${entry.link.target}, where nothing is.`;
  if (entry.type === "link") return `${entry.path} → ${entry.link?.target}`;
  return entry.path;
}
