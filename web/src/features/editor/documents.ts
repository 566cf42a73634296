/** The open files of this page, by project and path, and what happens to all of them. */
import { announce } from "@/ui/announce";
import { OpenDocument, type Surroundings } from "./document";
import { drafts } from "./drafts";
import { machineOf } from "./machine";
import { type Fate, mark, onFate, tabsOf } from "./open";
import { movedPath } from "./tabs";

const open = new Map<string, Map<string, OpenDocument>>();

function shelfOf(projectId: string): Map<string, OpenDocument> {
  const known = open.get(projectId) ?? new Map<string, OpenDocument>();
  open.set(projectId, known);
  return known;
}

/** The document of a path, begun if there is none. */
export function documentOf(projectId: string, path: string): OpenDocument {
  const shelf = shelfOf(projectId);
  const known = shelf.get(path) ?? new OpenDocument(projectId, path, surroundings(projectId));
  shelf.set(path, known);
  return known;
}

function surroundings(projectId: string): Surroundings {
  const around: Surroundings = {
    machine: machineOf(projectId),
    drafts,
    act: (what, document) => {
      if (what === "save") saveOne(document);
      else void saveAll(projectId);
      return true;
    },
    told: (document) => {
      const { dirty, state } = document.view();
      mark(projectId, document.path, { dirty, clash: state === "changed" || state === "gone" });
    },
    say: announce,
  };
  return around;
}

/** While there are two versions, the key alone is no decision. */
export function saveOne(file: OpenDocument): void {
  if (file.view().state === "changed")
    announce("It has changed in the machine as well. Save what you merged.");
  else void file.save();
}

/** Every file with something to save; those that have two versions wait for a person. */
export async function saveAll(projectId: string): Promise<void> {
  const dirty = tabsOf(projectId).tabs.filter((tab) => tab.dirty);
  const saved = await Promise.all(
    dirty.map(async ({ path }) => {
      const document = documentOf(projectId, path);
      await document.open();
      return document.save();
    }),
  );
  const count = saved.filter(Boolean).length;
  announce(count === dirty.length ? "Everything is saved." : `${count} of ${dirty.length} files are saved.`);
}

/** Reads the files whose texts are only in this browser, so that what becomes of them in the machine is seen. */
export function openDirty(projectId: string): void {
  for (const tab of tabsOf(projectId).tabs) if (tab.dirty) void documentOf(projectId, tab.path).open();
}

/** Something may have happened to these files in the machine; to any of them, when no paths are given. */
export function lookAt(projectId: string, paths?: readonly string[]): void {
  for (const [path, document] of shelfOf(projectId)) if (paths?.includes(path) ?? true) void document.look();
}

/** The machine or the network is back. */
export function retryAll(projectId: string): void {
  for (const document of shelfOf(projectId).values()) document.retryNow();
}

function close(projectId: string, path: string): void {
  const shelf = shelfOf(projectId);
  shelf.get(path)?.end();
  shelf.delete(path);
}

function move({ projectId, from, to }: Fate & { what: "moved" }): void {
  const shelf = shelfOf(projectId);
  for (const [path, document] of [...shelf]) {
    const next = movedPath(path, from, to);
    if (next === null) continue;
    // What stood at the new place has been written over.
    shelf.get(next)?.end();
    shelf.delete(path);
    shelf.set(next, document);
    void document.rename(next);
  }
}

/** Clean files went with their tabs; the others are told that theirs is gone. */
function remove({ projectId, path }: Fate & { what: "deleted" }): void {
  const left = new Set(tabsOf(projectId).tabs.map((tab) => tab.path));
  for (const [held, document] of [...shelfOf(projectId)]) {
    if (movedPath(held, path, path) === null) continue;
    if (left.has(held)) void document.look();
    else close(projectId, held);
  }
}

onFate((fate) => {
  if (fate.what === "closed") close(fate.projectId, fate.path);
  else if (fate.what === "moved") move(fate);
  else remove(fate);
});

/** A page that is left writes down what it holds; hidden pages may be ended without a word. */
function flushAll(): void {
  for (const shelf of open.values()) for (const document of shelf.values()) void document.flush();
}

window.addEventListener("pagehide", flushAll);
document.addEventListener("visibilitychange", () => document.hidden && flushAll());
window.addEventListener("online", () => {
  for (const projectId of open.keys()) retryAll(projectId);
});
