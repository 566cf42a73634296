import { classHighlighter, highlightCode } from "@lezer/highlight";
import { useEffect, useState } from "react";
import { languageOf } from "./language";
import type { Hunk } from "./patch";
import { baseName } from "./tabs";

/** A line as pieces of text, each with the classes of its colour. */
export type Pieces = [text: string, look: string][];

/** The colours of the lines of each hunk; null until the language is there, or where there is none. */
export function useColours(path: string, hunks: readonly Hunk[]): Map<Hunk, Pieces[]> | null {
  const [colours, setColours] = useState<Map<Hunk, Pieces[]> | null>(null);
  useEffect(() => {
    let wanted = true;
    const language = languageOf(baseName(path), hunks[0]?.lines[0]?.text ?? "");
    void language?.load().then(
      ({ language: { parser } }) => {
        if (wanted)
          setColours(new Map(hunks.map((hunk) => [hunk, coloured(hunk, (text) => parser.parse(text))])));
      },
      // Without its colours a change is as good to read.
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [path, hunks]);
  return colours;
}

type Parse = (text: string) => Parameters<typeof highlightCode>[1];

/** The new side is read as one text and the removed lines as another, because together they are none. */
function coloured(hunk: Hunk, parse: Parse): Pieces[] {
  const now = side(hunk, "removed", parse);
  const before = side(hunk, "added", parse);
  return hunk.lines.map((line) => (line.kind === "removed" ? before : now).shift(line.kind) ?? []);
}

function side(hunk: Hunk, without: "added" | "removed", parse: Parse) {
  const lines = hunk.lines.filter((line) => line.kind !== without);
  const text = lines.map((line) => line.text).join("\n");
  const pieces: Pieces[] = [[]];
  highlightCode(
    text,
    parse(text),
    classHighlighter,
    (piece, look) => pieces.at(-1)?.push([piece, look]),
    () => pieces.push([]),
  );
  const own = pieces.filter((_pieces, at) => without === "removed" || lines[at]?.kind === "removed");
  return { shift: (_kind: string) => own.shift() };
}
