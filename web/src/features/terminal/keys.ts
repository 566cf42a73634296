/** Keys a phone has not, and the chord that leads out of the terminal. */

export type KeyName = "Esc" | "Tab" | "Left" | "Down" | "Up" | "Right";

const PLAIN: Record<KeyName, string> = {
  Esc: "\x1b",
  Tab: "\t",
  Left: "\x1b[D",
  Down: "\x1b[B",
  Up: "\x1b[A",
  Right: "\x1b[C",
};

/** What a key sends; arrows differ while a program has asked for application cursor keys. */
export function keySequence(key: KeyName, applicationCursor: boolean): string {
  const plain = PLAIN[key];
  return applicationCursor && plain.startsWith("\x1b[") ? `\x1bO${plain.slice(2)}` : plain;
}

export type Sticky = { ctrl: boolean; alt: boolean };

/** Applies a held Ctrl or Alt to one typed character; longer data passes as it is. */
export function withSticky(data: string, sticky: Sticky): string {
  let out = data;
  if (sticky.ctrl && data.length === 1) out = control(data);
  return sticky.alt ? `\x1b${out}` : out;
}

function control(character: string): string {
  if (character === " ") return "\x00";
  if (character === "?") return "\x7f";
  const code = character.toUpperCase().charCodeAt(0);
  return code >= 64 && code <= 95 ? String.fromCharCode(code & 31) : character;
}

export const LEAVE_CHORD = "Ctrl+Shift+.";

export function isLeaveChord(event: KeyboardEvent): boolean {
  return event.ctrlKey && event.shiftKey && event.code === "Period";
}

export function isFindChord(event: KeyboardEvent): boolean {
  return event.ctrlKey && event.shiftKey && event.code === "KeyF";
}

export function isCopyChord(event: KeyboardEvent): boolean {
  return event.ctrlKey && event.shiftKey && event.code === "KeyC";
}
