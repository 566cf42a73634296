/** The patch of one file, as git writes it, in parts that can be drawn. Pure. */

export interface PatchLine {
  kind: "same" | "added" | "removed";
  /** Where it is in the old and in the new file, from 1. */
  old: number | null;
  now: number | null;
  text: string;
  /** No line end follows it in the file. */
  open?: true;
}

export interface Hunk {
  /** What stands around it: the function or heading that git found. */
  around: string;
  /** Lines between the hunk before and this one that are as they were. */
  skipped: number;
  lines: PatchLine[];
}

export interface Patch {
  binary: boolean;
  hunks: Hunk[];
  /** Lines in all hunks. */
  count: number;
}

const HEAD = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

export function patchOf(text: string): Patch {
  const patch: Patch = { binary: false, hunks: [], count: 0 };
  let old = 0;
  let now = 0;
  let after = 1;
  for (const line of text.split("\n")) {
    const head = HEAD.exec(line);
    const hunk = patch.hunks.at(-1);
    if (head) {
      [old, now] = [Number(head[1]), Number(head[2])];
      patch.hunks.push({ around: head[3] ?? "", skipped: Math.max(0, now - after), lines: [] });
    } else if (!hunk) patch.binary ||= /^(Binary files |GIT binary patch)/.test(line);
    else if (line.startsWith("\\")) markOpen(hunk);
    else if (/^[ +-]/.test(line)) {
      hunk.lines.push(lineOf(line, old, now));
      if (!line.startsWith("+")) old++;
      if (!line.startsWith("-")) now++;
      after = now;
      patch.count++;
    }
  }
  return patch;
}

function lineOf(line: string, old: number, now: number): PatchLine {
  const text = line.slice(1).replace(/\r$/, "");
  if (line.startsWith("+")) return { kind: "added", old: null, now, text };
  if (line.startsWith("-")) return { kind: "removed", old, now: null, text };
  return { kind: "same", old, now, text };
}

function markOpen(hunk: Hunk): void {
  const last = hunk.lines.at(-1);
  if (last) last.open = true;
}

/** As many hunks as hold about that many lines; at least a part of the first. */
export function shortened(patch: Patch, most: number): Hunk[] {
  const hunks: Hunk[] = [];
  let left = most;
  for (const hunk of patch.hunks) {
    if (left <= 0) break;
    hunks.push(hunk.lines.length <= left ? hunk : { ...hunk, lines: hunk.lines.slice(0, left) });
    left -= hunk.lines.length;
  }
  return hunks;
}
