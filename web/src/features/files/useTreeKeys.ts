import { useRef } from "react";
import type { TreeProps } from "./FileTree";
import type { EntryRow } from "./TreeRow";
import { isFolder, only, type Row, ranged, startingWith, toggled } from "./tree";

interface KeysOf extends TreeProps {
  activeAt: number;
  /** Scrolls to a row. */
  goTo: (at: number) => void;
  focusActive: () => void;
}

const PAGE = 12;
const TYPING_MS = 700;

/** The keys of a tree: arrows, Home and End, letters, Enter, F2, Delete, and the menu's. */
export function useTreeKeys(tree: KeysOf): (event: React.KeyboardEvent) => void {
  const typed = useRef({ text: "", at: 0 });
  const { rows, selection, select, act, activeAt, goTo, focusActive } = tree;
  const row = rows[activeAt]?.kind === "entry" ? (rows[activeAt] as EntryRow) : null;

  const go = (at: number, extend: boolean): void => {
    const next = rows[at];
    if (next?.kind !== "entry") return;
    select(extend ? ranged(selection, next.path, entryPaths(rows)) : only(next.path));
    goTo(at);
    focusActive();
  };
  const step = (by: number, extend: boolean): void => {
    const way = Math.sign(by);
    let at = Math.max(0, Math.min(rows.length - 1, activeAt + by));
    while (rows[at] && rows[at]?.kind !== "entry") at += way;
    go(at, extend);
  };
  const right = (): void => {
    if (!row || !isFolder(row.entry)) return;
    if (row.open) step(1, false);
    else act.setOpen(row.path, true);
  };
  const left = (): void => {
    if (!row) return;
    if (row.open) act.setOpen(row.path, false);
    else go(parentAt(rows, activeAt), false);
  };
  const find = (letter: string): void => {
    const now = Date.now();
    const text = now - typed.current.at < TYPING_MS ? typed.current.text + letter : letter;
    typed.current = { text, at: now };
    const at = startingWith(rows, activeAt, text);
    if (at >= 0) go(at, false);
  };
  const menu = (): void => {
    const place = document.activeElement?.getBoundingClientRect();
    if (place) act.menu({ x: place.left + 24, y: place.bottom }, row);
  };

  const plain: Record<string, (event: React.KeyboardEvent) => void> = {
    ArrowDown: (event) => step(1, event.shiftKey),
    ArrowUp: (event) => step(-1, event.shiftKey),
    PageDown: (event) => step(PAGE, event.shiftKey),
    PageUp: (event) => step(-PAGE, event.shiftKey),
    Home: (event) => go(firstEntry(rows), event.shiftKey),
    End: (event) => go(lastEntry(rows), event.shiftKey),
    ArrowRight: right,
    ArrowLeft: left,
    Enter: () => row && act.open(row),
    " ": () => row && select(toggled(selection, row.path)),
    F2: () => row && act.rename(row.path),
    Delete: () => row && act.remove(row.path),
    Backspace: (event) => event.metaKey && row && act.remove(row.path),
    Escape: () => row && select(only(row.path)),
    ContextMenu: menu,
    F10: (event) => event.shiftKey && menu(),
  };

  return (event) => {
    if (event.target instanceof HTMLInputElement) return;
    const chord = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (chord && key === "c" && row) act.copyPath(row.path);
    else if (chord && key === "a") select({ ...selection, chosen: new Set(entryPaths(rows)) });
    else if (plain[event.key] && (!chord || event.key === "Backspace")) plain[event.key]?.(event);
    else if (!chord && !event.altKey && event.key.length === 1) find(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

function entryPaths(rows: readonly Row[]): string[] {
  return rows.filter((row) => row.kind === "entry").map((row) => row.path);
}

function firstEntry(rows: readonly Row[]): number {
  return rows.findIndex((row) => row.kind === "entry");
}

function lastEntry(rows: readonly Row[]): number {
  return rows.findLastIndex((row) => row.kind === "entry");
}

function parentAt(rows: readonly Row[], at: number): number {
  const level = rows[at]?.level ?? 1;
  return rows.findLastIndex((row, index) => index < at && row.level < level);
}
