/** Which changes of a project are unfolded, for as long as the page lives. */
import { useSyncExternalStore } from "react";

const NONE: ReadonlySet<string> = new Set();
const held = new Map<string, ReadonlySet<string>>();
const listeners = new Set<() => void>();

export function setExpanded(projectId: string, paths: ReadonlySet<string>): void {
  held.set(projectId, paths);
  for (const listener of listeners) listener();
}

export function toggleExpanded(projectId: string, path: string): void {
  const next = new Set(held.get(projectId));
  if (!next.delete(path)) next.add(path);
  setExpanded(projectId, next);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useExpanded(projectId: string): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => held.get(projectId) ?? NONE);
}
