import { useEffect, useEffectEvent } from "react";
import type { Run } from "@/api/types";
import { moveRow } from "@/ui/rows";
import { isCovered, isTyping } from "@/ui/typing";
import { optionFor } from "./board";
import { enterReply, goToWaiting, hasArrived, isSettled, rowInFocus } from "./focus";

interface BoardKeys {
  create: () => void;
  /** Absent while there is no project for it. */
  start?: () => void;
  runs?: readonly Run[];
}

/** The keys of the board. Those that answer act on the row in focus only, never on one that is merely first. */
export function useBoardKeys({ create, start, runs = [] }: BoardKeys): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isCovered()) return;
    const { key, repeat } = event;
    // A key that is held down answers and dismisses one, not all.
    if (repeat && !HELD[key]) return;
    const act = HELD[key] ?? ACTS[key];
    if (act) act();
    else if (answers(runs, key)) return;
    else if (key === "n") create();
    else if (key === "a") start?.();
    else return;
    event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

/** Also while they are held down. */
const HELD: Record<string, () => void> = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
  w: goToWaiting,
};

const ACTS: Record<string, () => void> = {
  r: () => reply(),
  x: () =>
    document.activeElement?.closest("[data-row]")?.querySelector<HTMLElement>("[data-dismiss]")?.click(),
  "/": () => document.getElementById("board-filter")?.focus(),
};

function reply(): void {
  const row = rowInFocus();
  if (!enterReply(row)) row?.querySelector<HTMLElement>("[data-message]")?.click();
}

/** Presses what the key means in the row in focus, unless it may have been meant for what stood there before. */
function answers(runs: readonly Run[], key: string): boolean {
  const row = document.activeElement?.closest<HTMLElement>("[data-waiting]");
  const box = row?.querySelector<HTMLElement>("[data-came]");
  const question = runs.find(({ id }) => id === row?.dataset.run)?.question;
  const option = optionFor(key, question?.options ?? []);
  if (!box || !option) return false;
  if (hasArrived() && isSettled(Number(box.dataset.came)))
    box.querySelector<HTMLElement>(`[data-option="${CSS.escape(option.id)}"]`)?.click();
  return true;
}
