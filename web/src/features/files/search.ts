/** What a search has found, file by file, as rows of a list. Pure. */
import type { Found } from "@/queries/files";

export interface FoundFile {
  path: string;
  matches: Found[];
}

export type SearchRow =
  | { kind: "file"; path: string; count: number; shut: boolean }
  | { kind: "match"; path: string; match: Found };

/** Adds matches as they come; those of one file stay together, files in the order of their first match. */
export function gathered(files: readonly FoundFile[], matches: readonly Found[]): FoundFile[] {
  const at = new Map(files.map(({ path }, index) => [path, index]));
  const next = [...files];
  for (const match of matches) {
    const index = at.get(match.path);
    const known = index === undefined ? undefined : next[index];
    if (known && index !== undefined) next[index] = { ...known, matches: [...known.matches, match] };
    else {
      at.set(match.path, next.length);
      next.push({ path: match.path, matches: [match] });
    }
  }
  return next;
}

export function searchRows(files: readonly FoundFile[], shut: ReadonlySet<string>): SearchRow[] {
  return files.flatMap(({ path, matches }): SearchRow[] => {
    const head: SearchRow = { kind: "file", path, count: matches.length, shut: shut.has(path) };
    return head.shut
      ? [head]
      : [head, ...matches.map((match): SearchRow => ({ kind: "match", path, match }))];
  });
}

// So much of a line stands before the match; what is left of it would push the match out of sight.
const LEAD = 28;

/** A line in three parts: before the match, the match, after it. Columns count from 1. */
export function parts(match: Found): { before: string; hit: string; after: string } {
  const from = Math.max(0, match.column - 1);
  const before = match.text.slice(0, from).trimStart();
  const short = before.length > LEAD ? `…${before.slice(-LEAD)}` : before;
  const hit = match.text.slice(from, from + match.length);
  return { before: short, hit, after: match.text.slice(from + match.length).trimEnd() };
}
