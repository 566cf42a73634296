/** Chords that work wherever the focus is in the editor. */

export type Chord = "next" | "previous" | "close";

export const CHORDS: Record<Chord, string> = { next: "Alt+PgDn", previous: "Alt+PgUp", close: "Alt+W" };

/** By the place of the key, because with Alt a Mac types another letter. */
export function chordOf(event: Pick<KeyboardEvent, "altKey" | "ctrlKey" | "metaKey" | "code">): Chord | null {
  if (!event.altKey || event.ctrlKey || event.metaKey) return null;
  if (event.code === "PageDown") return "next";
  if (event.code === "PageUp") return "previous";
  return event.code === "KeyW" ? "close" : null;
}

const MAC = typeof navigator !== "undefined" && /Mac/.test(navigator.platform);

/** A chord with the platform's own key: "Ctrl+S", "⌘S". */
export function chordWords(letter: string): string {
  return MAC ? `⌘${letter}` : `Ctrl+${letter}`;
}
