/** Paths by a few letters of them, best first. Pure. */
import uFuzzy from "@leeoniya/ufuzzy";
import { nameOf } from "./paths";

export interface Hit {
  path: string;
  /** Where the letters are, as [from, to) in the path. */
  ranges: readonly [number, number][];
}

// Letters may stand apart within a name, as "wsl" in "WorkspaceLayout", but not in just any order.
const fuzzy = new uFuzzy({ intraMode: 0, intraIns: Number.POSITIVE_INFINITY, intraChars: "[\\w.-]" });

const MOST = 1_000;

/** Those that hold the letters in their order; what has them in its name, whole and early, comes first. */
export function ranked(paths: readonly string[], text: string): Hit[] {
  const needle = text.trim().replace(/^\/+/, "");
  if (!needle) return [];
  const found = fuzzy.filter(paths as string[], needle) ?? [];
  if (found.length > MOST) return plainly(paths, found, needle);
  const info = fuzzy.info(found, paths as string[], needle);
  const order = fuzzy.sort(info, paths as string[], needle);
  const hits = order.map((at): Hit => {
    return { path: paths[info.idx[at] ?? 0] ?? "", ranges: pairs(info.ranges[at] ?? []) };
  });
  return byScore(hits, needle);
}

/** A letter or two is in nearly everything; then a plain look at the names is enough. */
function plainly(paths: readonly string[], found: readonly number[], needle: string): Hit[] {
  return byScore(
    found.map((at) => ({ path: paths[at] ?? "", ranges: [] })),
    needle,
  );
}

function byScore(hits: readonly Hit[], needle: string): Hit[] {
  const wanted = needle.toLowerCase();
  const scored = hits.map((hit, at) => ({ hit, at, score: score(hit.path.toLowerCase(), wanted) }));
  return scored.sort((a, b) => b.score - a.score || a.at - b.at).map(({ hit }) => hit);
}

function score(path: string, wanted: string): number {
  const name = nameOf(path);
  if (name === wanted || path === `/${wanted}`) return 5;
  if (name.startsWith(wanted)) return 4;
  if (name.includes(wanted)) return 3;
  if (path.includes(wanted)) return 2;
  return isSubsequence(wanted.replaceAll("/", ""), name) ? 1 : 0;
}

function isSubsequence(letters: string, text: string): boolean {
  let at = 0;
  for (const letter of text) if (letter === letters[at]) at += 1;
  return at >= letters.length;
}

function pairs(flat: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) found.push([flat[at] ?? 0, flat[at + 1] ?? 0]);
  return found;
}
