/** The layout of each project, kept in this browser, for everything on the page that shows or changes it. */
import { useSyncExternalStore } from "react";
import { type Layout, readLayout } from "./layout";

const layouts = new Map<string, Layout>();
const listeners = new Set<() => void>();

const keyOf = (projectId: string): string => `aether.layout.${projectId}`;

export function layoutOf(projectId: string): Layout {
  const known = layouts.get(projectId) ?? readLayout(stored(keyOf(projectId)));
  layouts.set(projectId, known);
  return known;
}

/** True until somebody has shown or hidden something in this project. */
export function isUntouched(projectId: string): boolean {
  return stored(keyOf(projectId)) === null;
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function setLayout(projectId: string, change: (layout: Layout) => Layout): void {
  const before = layoutOf(projectId);
  const next = change(before);
  if (next === before) return;
  layouts.set(projectId, next);
  try {
    localStorage.setItem(keyOf(projectId), JSON.stringify(next));
  } catch {
    // Without storage the layout lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLayout(projectId: string): Layout {
  return useSyncExternalStore(subscribe, () => layoutOf(projectId));
}
