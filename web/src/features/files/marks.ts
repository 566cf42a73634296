/** What git says of the rows of a tree. Pure. */
import type { Change, ChangeKind } from "@/queries/git";
import { foldersTo, ROOT } from "./paths";

export interface Marks {
  /** By path. */
  files: ReadonlyMap<string, ChangeKind>;
  /** Folders that hold a change, whether it is there or deleted. */
  folders: ReadonlySet<string>;
  /** Folders that are not known to git with all they hold. */
  untracked: readonly string[];
}

export const NO_MARKS: Marks = { files: new Map(), folders: new Set(), untracked: [] };

export function marksOf(items: readonly Change[]): Marks {
  const files = new Map<string, ChangeKind>();
  const folders = new Set<string>();
  const untracked: string[] = [];
  for (const { path, kind } of items) {
    // git names an untracked folder by its own name, with a slash at the end.
    const whole = path.replace(/\/+$/, "");
    if (whole !== path) untracked.push(whole);
    files.set(whole, kind);
    for (const folder of foldersTo(whole)) folders.add(folder);
  }
  return { files, folders, untracked };
}

/** The change of a file, its own or that of the untracked folder it lies in. */
export function markOf(marks: Marks, path: string): ChangeKind | null {
  const own = marks.files.get(path);
  if (own) return own;
  return marks.untracked.some((folder) => folder !== ROOT && path.startsWith(`${folder}/`))
    ? "untracked"
    : null;
}

const WORDS: Record<ChangeKind, string> = {
  modified: "modified",
  added: "added",
  deleted: "deleted",
  renamed: "renamed",
  untracked: "untracked",
  conflicted: "in conflict",
  type_changed: "of another type",
};

export function markWord(kind: ChangeKind): string {
  return WORDS[kind];
}

/** Colour beside the letter: what is new, what is changed, what needs a person. */
export const MARK_TONES: Record<ChangeKind, string> = {
  modified: "text-waiting",
  added: "text-done",
  deleted: "text-failed",
  renamed: "text-working",
  untracked: "text-done",
  conflicted: "text-failed",
  type_changed: "text-waiting",
};
