/** The keys of a project's page. The terminal keeps its own; there a chord is a chord of the shell. */
import { useEffect, useEffectEvent } from "react";
import { isCovered } from "@/ui/typing";

export type Act = "files" | "go" | "search" | "changes" | "ports" | "runs";

interface Chord {
  code: string;
  shift: boolean;
}

const CHORDS: Record<Act, Chord> = {
  files: { code: "KeyB", shift: false },
  go: { code: "KeyP", shift: false },
  search: { code: "KeyF", shift: true },
  changes: { code: "KeyD", shift: true },
  ports: { code: "KeyO", shift: true },
  runs: { code: "KeyA", shift: true },
};

const isMac = (): boolean => /Mac/.test(navigator.platform);

/** "Ctrl Shift F", or "⌘⇧F" on a Mac. */
export function chordWords(act: Act): string {
  const { code, shift } = CHORDS[act];
  const letter = code.slice(3);
  if (isMac()) return `⌘${shift ? "⇧" : ""}${letter}`;
  return `Ctrl ${shift ? "Shift " : ""}${letter}`;
}

/** For `aria-keyshortcuts`. */
export function chordNames(act: Act): string {
  const { code, shift } = CHORDS[act];
  const keys = `${shift ? "Shift+" : ""}${code.slice(3)}`;
  return `Control+${keys} Meta+${keys}`;
}

type Pressed = Pick<KeyboardEvent, "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

/** Which act a chord means. Control within the terminal is the shell's; Cmd never is. */
export function actOf(event: Pressed, inTerminal: boolean): Act | null {
  if (event.altKey || !(event.metaKey || (event.ctrlKey && !inTerminal))) return null;
  const found = Object.entries(CHORDS).find(
    ([, chord]) => chord.code === event.code && chord.shift === event.shiftKey,
  );
  return (found?.[0] as Act | undefined) ?? null;
}

export function useWorkspaceKeys(run: (act: Act) => void): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const inTerminal = event.target instanceof Element && event.target.closest("[data-terminal]") !== null;
    const act = actOf(event, inTerminal);
    if (!act || isCovered()) return;
    event.preventDefault();
    event.stopPropagation();
    run(act);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    window.addEventListener("keydown", listener, { capture: true });
    return () => window.removeEventListener("keydown", listener, { capture: true });
  }, []);
}
