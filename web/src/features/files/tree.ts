/** The rows of a file tree, from the folders that are known and those that are open. Pure. */
import type { Entry } from "@/api/types";
import { folderOf, isWithin, nameOf, ROOT } from "./paths";

/** What is known of a folder's inside. */
export type Inside = { items: readonly Entry[] } | { error: unknown } | "loading";

export type Row =
  | {
      kind: "entry";
      path: string;
      entry: Entry;
      /** From 1, as screen readers count. */
      level: number;
      open: boolean;
      /** Its place among its siblings, from 1, and how many there are. */
      place: number;
      count: number;
    }
  | {
      kind: "loading" | "empty" | "failed" | "new";
      path: string;
      folder: string;
      level: number;
      error?: unknown;
    };

/** A row somebody is typing the name of something new into. */
export interface Draft {
  folder: string;
  kind: "file" | "folder";
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** A folder, or a link to one that lies in the project. */
export function isFolder(entry: Entry): boolean {
  if (isUnnamable(entry)) return false;
  return entry.type === "folder" || (entry.type === "link" && entry.link?.type === "folder");
}

/** Leads out of the project: it is shown, but nothing behind it is reached. */
export function isOutside(entry: Entry): boolean {
  return entry.type === "link" && entry.link?.type === "outside";
}

/** Its name is no UTF-8: what is shown of it is no path, so only the terminal reaches it. */
export function isUnnamable(entry: Entry): boolean {
  return Boolean(entry.name_b64);
}

/** Can be read as a file. */
export function isFile(entry: Entry): boolean {
  return entry.type === "file" || (entry.type === "link" && entry.link?.type === "file");
}

/** Folders first, then by name as people count: "a2" before "a10". */
export function sorted(items: readonly Entry[], hidden: boolean): Entry[] {
  return items
    .filter((entry) => isShown(entry.name, hidden))
    .sort((a, b) => Number(isFolder(b)) - Number(isFolder(a)) || collator.compare(a.name, b.name));
}

/** git's own folder is not what anybody looks for, even among what is hidden. */
export function isShown(name: string, hidden: boolean): boolean {
  return hidden ? name !== ".git" : !name.startsWith(".");
}

interface Tree {
  inside: (folder: string) => Inside;
  open: ReadonlySet<string>;
  draft: Draft | null;
}

/** Every row from the top down. Folders are given sorted. */
export function rowsOf(tree: Tree): Row[] {
  const rows: Row[] = [];
  addInside(rows, tree, ROOT, 1);
  return rows;
}

function addInside(rows: Row[], tree: Tree, folder: string, level: number): void {
  const inside = tree.inside(folder);
  const drafted = tree.draft?.folder === folder;
  const extra = (kind: Exclude<Row["kind"], "entry">, error?: unknown): void => {
    rows.push({ kind, path: `${folder}\0${kind}`, folder, level, error });
  };
  if (drafted) extra("new");
  if (inside === "loading") extra("loading");
  else if ("error" in inside) extra("failed", inside.error);
  else if (inside.items.length) addEntries(rows, tree, inside.items, level);
  else if (!drafted) extra("empty");
}

function addEntries(rows: Row[], tree: Tree, items: readonly Entry[], level: number): void {
  for (const [at, entry] of items.entries()) {
    const open = isFolder(entry) && tree.open.has(entry.path);
    const { path } = entry;
    rows.push({ kind: "entry", path, entry, level, open, place: at + 1, count: items.length });
    if (open) addInside(rows, tree, path, level + 1);
  }
}

/** Which rows are chosen, the one the keys act on, and the one a range begins at. */
export interface Selection {
  chosen: ReadonlySet<string>;
  active: string | null;
  anchor: string | null;
}

export const NOTHING: Selection = { chosen: new Set(), active: null, anchor: null };

export function only(path: string): Selection {
  return { chosen: new Set([path]), active: path, anchor: path };
}

/** Adds or takes away one, as a click with Ctrl does. */
export function toggled(selection: Selection, path: string): Selection {
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(path)) chosen.add(path);
  return { chosen, active: path, anchor: path };
}

/** From the anchor to the path, as a click with Shift does. */
export function ranged(selection: Selection, path: string, order: readonly string[]): Selection {
  const anchor = selection.anchor ?? path;
  const [from, to] = [order.indexOf(anchor), order.indexOf(path)];
  if (from < 0 || to < 0) return only(path);
  const chosen = new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1));
  return { chosen, active: path, anchor };
}

/** What an action on a row is about: all that is chosen, if the row is one of them. */
export function targets(selection: Selection, path: string): string[] {
  return selection.chosen.has(path) ? [...selection.chosen] : [path];
}

/** The selection after files moved: what went somewhere is chosen there. */
export function followed(selection: Selection, moves: readonly { from: string; to: string }[]): Selection {
  const now = (path: string): string => {
    const move = moves.find(({ from }) => isWithin(path, from));
    return move ? move.to + path.slice(move.from.length) : path;
  };
  return {
    chosen: new Set([...selection.chosen].map(now)),
    active: selection.active && now(selection.active),
    anchor: selection.anchor && now(selection.anchor),
  };
}

/** The next row whose name begins so, from the row after the active one and around. */
export function startingWith(rows: readonly Row[], at: number, text: string): number {
  const wanted = text.toLowerCase();
  // A single letter goes on to the next name; more letters may still mean the present one.
  const from = at + (text.length > 1 ? 0 : 1);
  for (let step = 0; step < rows.length; step++) {
    const index = (from + step + rows.length) % rows.length;
    const row = rows[index];
    if (row?.kind === "entry" && row.entry.name.toLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}

/** Where the focus goes when a row has gone: its next neighbour, else the one before, else its folder. */
export function neighbourOf(order: readonly string[], gone: readonly string[]): string | null {
  const lost = (path: string): boolean => gone.some((other) => isWithin(path, other));
  const at = order.findIndex(lost);
  if (at < 0) return null;
  const after = order.slice(at).find((path) => !lost(path));
  const before = order.slice(0, at).findLast((path) => !lost(path));
  const parent = folderOf(order[at] ?? ROOT);
  if (after && folderOf(after) === parent) return after;
  return before ?? after ?? null;
}

/** "src, folder, holds changes": what a screen reader says of a row. */
export function said(entry: Entry, mark: string): string {
  const parts = [entry.name || nameOf(entry.path)];
  if (entry.type === "link") parts.push(`link to ${entry.link?.target ?? "nowhere"}`);
  if (isUnnamable(entry)) parts.push("a name that only the terminal can tell");
  if (isOutside(entry)) parts.push("outside of the project");
  if (entry.link?.type === "missing") parts.push("leads nowhere");
  if (mark) parts.push(mark);
  return parts.join(", ");
}
