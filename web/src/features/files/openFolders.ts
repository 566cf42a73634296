/** Which folders of each project stand open, kept in this browser. */
import { useSyncExternalStore } from "react";
import { foldersTo, isWithin } from "./paths";

const MOST = 300;
const known = new Map<string, ReadonlySet<string>>();
const listeners = new Set<() => void>();

const keyOf = (projectId: string): string => `aether.tree.${projectId}`;

export function openFoldersOf(projectId: string): ReadonlySet<string> {
  const open = known.get(projectId) ?? new Set(stored(keyOf(projectId)));
  known.set(projectId, open);
  return open;
}

function stored(key: string): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(list) ? list.filter((path) => typeof path === "string") : [];
  } catch {
    return [];
  }
}

export function setOpenFolders(projectId: string, open: Iterable<string>): void {
  const next = new Set([...open].slice(-MOST));
  known.set(projectId, next);
  try {
    localStorage.setItem(keyOf(projectId), JSON.stringify([...next]));
  } catch {
    // Without storage they stand open as long as the page.
  }
  for (const listener of listeners) listener();
}

/** Opens or shuts one; a shut folder keeps what stood open in it. */
export function setOpen(projectId: string, path: string, open: boolean): void {
  const others = [...openFoldersOf(projectId)].filter((other) => other !== path);
  setOpenFolders(projectId, open ? [...others, path] : others);
}

/** Opens every folder on the way to a path. */
export function openWayTo(projectId: string, path: string): void {
  const open = openFoldersOf(projectId);
  const missing = foldersTo(path).filter((folder) => !open.has(folder));
  if (missing.length) setOpenFolders(projectId, [...open, ...missing]);
}

/** What stood open under an old path stands open under the new one. */
export function moveOpenFolders(projectId: string, from: string, to: string): void {
  const moved = [...openFoldersOf(projectId)].map((path) =>
    isWithin(path, from) ? to + path.slice(from.length) : path,
  );
  setOpenFolders(projectId, moved);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOpenFolders(projectId: string): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => openFoldersOf(projectId));
}
