import type { ChangeSpec, Text } from "@codemirror/state";

/** The pieces by which one text becomes the other, so that cursors in what stays do not move. */
export async function changesTo(doc: Text, text: string): Promise<ChangeSpec[]> {
  const { diff } = await import("@codemirror/merge");
  const pieces = diff(doc.toString(), text, { scanLimit: 500, timeout: 200 });
  return pieces.map(({ fromA, toA, fromB, toB }) => ({
    from: fromA,
    to: toA,
    insert: text.slice(fromB, toB),
  }));
}
