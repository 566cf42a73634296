/** Which files are open in each project. Anything on the page may open one; the editor itself comes with its area. */
import { useSyncExternalStore } from "react";
import type { Mode, Tab, TabList } from "./tabs";
import * as pure from "./tabs";

/** Lines and columns count from 1, columns and lengths in characters. */
export interface Place {
  line?: number;
  column?: number;
  length?: number;
}

/** What became of a file in this page, for whoever holds its text. */
export type Fate =
  | { what: "closed"; projectId: string; path: string }
  | { what: "moved"; projectId: string; from: string; to: string }
  | { what: "deleted"; projectId: string; path: string };

type Listener = () => void;

const lists = new Map<string, TabList>();
const places = new Map<string, Place>();
const listeners = new Set<Listener>();
const openings = new Set<(projectId: string, path: string) => void>();
const fates = new Set<(fate: Fate) => void>();

const keyOf = (projectId: string): string => `aether.tabs.${projectId}`;

export function tabsOf(projectId: string): TabList {
  const known = lists.get(projectId);
  if (known) return known;
  const kept = pure.read(stored(keyOf(projectId)));
  lists.set(projectId, kept);
  return kept;
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function put(projectId: string, list: TabList): void {
  if (list === tabsOf(projectId)) return;
  lists.set(projectId, list);
  try {
    localStorage.setItem(keyOf(projectId), pure.written(list));
  } catch {
    // Without storage the tabs last as long as the page.
  }
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

/** Opens a file or shows its tab, at a place in it if one is given. */
export function openFile(projectId: string, path: string, at?: Place): void {
  if (at) places.set(`${projectId}${path}`, at);
  put(projectId, pure.withOpened(tabsOf(projectId), path, at ? "text" : undefined));
  if (at) tell();
  for (const opened of openings) opened(projectId, path);
}

/** Opens a file beside what HEAD has of it. */
export function openDiff(projectId: string, path: string): void {
  put(projectId, pure.withOpened(tabsOf(projectId), path, "diff"));
  for (const opened of openings) opened(projectId, path);
}

/** The place a file was opened at, once. */
export function takePlace(projectId: string, path: string): Place | null {
  const place = places.get(`${projectId}${path}`) ?? null;
  places.delete(`${projectId}${path}`);
  return place;
}

export function activate(projectId: string, path: string): void {
  put(projectId, pure.withOpened(tabsOf(projectId), path));
}

/** Shows the tab so many to the right of the shown one. */
export function step(projectId: string, by: number): void {
  const path = pure.stepped(tabsOf(projectId), by);
  if (path) activate(projectId, path);
}

export function reorder(projectId: string, path: string, at: number): void {
  put(projectId, pure.withOrder(tabsOf(projectId), path, at));
}

/** Closes without a question, and without what was not saved. */
export function closeTab(projectId: string, path: string): void {
  put(projectId, pure.withClosed(tabsOf(projectId), path));
  decide({ what: "closed", projectId, path });
}

export function setMode(projectId: string, path: string, mode: Mode): void {
  put(projectId, pure.withTab(tabsOf(projectId), path, { mode }));
}

/** What the holder of the text knows of it. */
export function mark(projectId: string, path: string, marks: Partial<Pick<Tab, "dirty" | "clash">>): void {
  put(projectId, pure.withTab(tabsOf(projectId), path, marks));
}

/** A file or folder was moved from this page. */
export function moved(projectId: string, from: string, to: string): void {
  decide({ what: "moved", projectId, from, to });
  put(projectId, pure.withMoved(tabsOf(projectId), from, to));
}

/** A file or folder was deleted from this page. A text that is not saved stays open. */
export function deleted(projectId: string, path: string): void {
  put(projectId, pure.withDeleted(tabsOf(projectId), path));
  decide({ what: "deleted", projectId, path });
}

function decide(fate: Fate): void {
  for (const listener of fates) listener(fate);
}

export function onFate(listener: (fate: Fate) => void): Listener {
  fates.add(listener);
  return () => fates.delete(listener);
}

/** Calls back when somebody asks to see a file, so that the layout shows where it is. */
export function onOpened(listener: (projectId: string, path: string) => void): Listener {
  openings.add(listener);
  return () => openings.delete(listener);
}

function subscribe(listener: Listener): Listener {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTabs(projectId: string): TabList {
  return useSyncExternalStore(subscribe, () => tabsOf(projectId));
}

/** The open files in the order of their tabs. */
export function useOpenFiles(projectId: string): readonly { path: string; dirty: boolean }[] {
  return useTabs(projectId).tabs;
}

export function useActiveFile(projectId: string): string | null {
  return useTabs(projectId).active;
}

/** True while a place waits to be shown in the file; whoever shows it takes it. */
export function hasPlace(projectId: string, path: string): boolean {
  return places.has(`${projectId}${path}`);
}

export function useHasPlace(projectId: string, path: string): boolean {
  return useSyncExternalStore(subscribe, () => hasPlace(projectId, path));
}
