/** The open files of one project and what is known of each without opening it. Pure. */

/** How a file is shown: its text, what it changes since HEAD, or as it will be read. */
export type Mode = "text" | "diff" | "preview";

export interface Tab {
  path: string;
  mode: Mode;
  /** Its text here is not what was last seen in the machine. */
  dirty: boolean;
  /** It was changed or deleted in the machine under a text that is not saved. */
  clash: boolean;
}

export interface TabList {
  tabs: readonly Tab[];
  /** The path of the shown one. */
  active: string | null;
}

export const NO_TABS: TabList = { tabs: [], active: null };

/** Shows the file; a new tab comes right of the shown one. Without a mode, an open file stays as it is shown. */
export function withOpened(list: TabList, path: string, mode?: Mode): TabList {
  if (list.tabs.some((tab) => tab.path === path)) {
    return { ...(mode ? withTab(list, path, { mode }) : list), active: path };
  }
  const at = list.tabs.findIndex((tab) => tab.path === list.active);
  const tab: Tab = { path, mode: mode ?? firstMode(path), dirty: false, clash: false };
  return { tabs: list.tabs.toSpliced(at < 0 ? list.tabs.length : at + 1, 0, tab), active: path };
}

/** A drawing is looked at first; its source is a press away. */
function firstMode(path: string): Mode {
  return /\.svg$/i.test(path) ? "preview" : "text";
}

/** Without the file; if it was shown, its right neighbour is, else its left. */
export function withClosed(list: TabList, path: string): TabList {
  const at = list.tabs.findIndex((tab) => tab.path === path);
  if (at < 0) return list;
  const next = (list.tabs[at + 1] ?? list.tabs[at - 1])?.path ?? null;
  return { tabs: list.tabs.toSpliced(at, 1), active: list.active === path ? next : list.active };
}

/** The same list when nothing is new, so that nobody is told of nothing. */
export function withTab(list: TabList, path: string, change: Partial<Tab>): TabList {
  const at = list.tabs.findIndex((tab) => tab.path === path);
  const tab = list.tabs[at];
  if (!tab || Object.entries(change).every(([key, value]) => tab[key as keyof Tab] === value)) return list;
  return { ...list, tabs: list.tabs.with(at, { ...tab, ...change }) };
}

/** Puts a tab at the place of another. */
export function withOrder(list: TabList, path: string, at: number): TabList {
  const from = list.tabs.findIndex((tab) => tab.path === path);
  const tab = list.tabs[from];
  if (!tab || from === at) return list;
  return { ...list, tabs: list.tabs.toSpliced(from, 1).toSpliced(at, 0, tab) };
}

/** Where a path is after `from` has become `to`; null if that does not concern it. */
export function movedPath(path: string, from: string, to: string): string | null {
  if (path === from) return to;
  return path.startsWith(`${from}/`) ? to + path.slice(from.length) : null;
}

/** A file or all of a folder has moved. A tab of what stood at the new place is replaced. */
export function withMoved(list: TabList, from: string, to: string): TabList {
  const gone = new Set(list.tabs.flatMap((tab) => movedPath(tab.path, from, to) ?? []));
  const tabs = list.tabs
    .filter((tab) => !gone.has(tab.path))
    .map((tab) => ({ ...tab, path: movedPath(tab.path, from, to) ?? tab.path }));
  return { tabs, active: list.active && (movedPath(list.active, from, to) ?? list.active) };
}

/** A file or a folder was deleted here: its tabs go, but for those whose text is nowhere else. */
export function withDeleted(list: TabList, path: string): TabList {
  const doomed = list.tabs.filter((tab) => !tab.dirty && movedPath(tab.path, path, path) !== null);
  return doomed.reduce((left, tab) => withClosed(left, tab.path), list);
}

/** The path so many tabs to the right, around the ends. */
export function stepped(list: TabList, step: number): string | null {
  const at = list.tabs.findIndex((tab) => tab.path === list.active);
  const count = list.tabs.length;
  return at < 0 ? (list.tabs[0]?.path ?? null) : (list.tabs[(at + step + count) % count]?.path ?? null);
}

/** What a tab says: the name, and the folder beside it where another open file has the same name. */
export function tabLabel(list: TabList, path: string): { name: string; folder: string } {
  const name = baseName(path);
  const twins = list.tabs.filter((tab) => tab.path !== path && baseName(tab.path) === name);
  if (!twins.length) return { name, folder: "" };
  const folders = path.split("/").slice(1, -1);
  const tail = (count: number): string => folders.slice(-count).join("/");
  const depth = folders.findIndex(
    (_folder, at) => !twins.some((twin) => `${folderOf(twin.path)}/`.endsWith(`/${tail(at + 1)}/`)),
  );
  return { name, folder: (depth < 0 ? folders.join("/") : tail(depth + 1)) || "/" };
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder a path is in; "" for the root. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

export function written(list: TabList): string {
  return JSON.stringify({ active: list.active, tabs: list.tabs.map(({ clash: _, ...tab }) => tab) });
}

/** What was written, as far as it is whole; it may be from another version of this page. */
export function read(text: string | null): TabList {
  try {
    const kept = JSON.parse(text ?? "null") as { tabs?: unknown; active?: unknown } | null;
    const tabs = Array.isArray(kept?.tabs) ? kept.tabs.flatMap(readTab) : [];
    const active = tabs.find((tab) => tab.path === kept?.active) ?? tabs[0];
    return { tabs, active: active?.path ?? null };
  } catch {
    return NO_TABS;
  }
}

function readTab(kept: Partial<Tab> | null): Tab[] {
  if (typeof kept?.path !== "string" || !kept.path.startsWith("/")) return [];
  const mode = kept.mode === "diff" || kept.mode === "preview" ? kept.mode : "text";
  return [{ path: kept.path, mode, dirty: kept.dirty === true, clash: false }];
}
