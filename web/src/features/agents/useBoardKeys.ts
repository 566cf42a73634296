import { useEffect, useEffectEvent } from "react";
import { moveRow } from "@/ui/rows";
import { isCovered, isTyping } from "@/ui/typing";
import { pressOption } from "./AnswerBox";
import { goToWaiting, rowInFocus } from "./focus";

interface BoardKeys {
  create: () => void;
  /** Absent while there is no project for it. */
  start?: () => void;
}

/** The keys of the board. Those that answer act on the row in focus only, never on one that is merely first. */
export function useBoardKeys({ create, start }: BoardKeys): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isCovered()) return;
    const act = ACTS[event.key];
    if (event.key === "n") create();
    else if (event.key === "a") start?.();
    else if (act) act();
    else return void answer(event);
    event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

const ACTS: Record<string, () => void> = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
  w: goToWaiting,
  r: () => reply(),
  x: () =>
    document.activeElement?.closest("[data-row]")?.querySelector<HTMLElement>("[data-dismiss]")?.click(),
  "/": () => document.getElementById("board-filter")?.focus(),
};

function reply(): void {
  const row = rowInFocus();
  const box = row?.querySelector<HTMLElement>("[data-reply]");
  if (box) box.focus();
  else row?.querySelector<HTMLElement>("[data-message]")?.click();
}

function answer(event: KeyboardEvent): void {
  const row = document.activeElement?.closest("[data-waiting]");
  if (row && /^[1-9yn]$/.test(event.key)) pressOption(row, event.key);
}
