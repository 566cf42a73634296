/** What the panel of files is asked to do from elsewhere on the page: by a key, or by the palette. */

export type FilesView = "tree" | "search";

type Asked = { projectId: string; view: FilesView };

const listeners = new Set<(asked: Asked) => void>();
let last: Asked | null = null;

/** Shows the tree or the search and puts the focus there; a panel that is not there yet does it when it comes. */
export function showFiles(projectId: string, view: FilesView): void {
  last = { projectId, view };
  for (const listener of listeners) listener(last);
}

/** What was asked before the panel was there, once. */
export function takeAsked(projectId: string): FilesView | null {
  const asked = last?.projectId === projectId ? last.view : null;
  if (asked) last = null;
  return asked;
}

export function onFilesAsked(listener: (asked: Asked) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
