/** Where the focus goes on the board, and which row it is in. */

const row = (id: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-run="${CSS.escape(id)}"]`);

function enter(element: Element | null | undefined): void {
  element?.querySelector<HTMLElement>("[data-open]")?.focus();
}

export function backToRow(id: string): void {
  enter(row(id));
}

/** The row that the focus is in, or else the first one that waits. */
export function rowInFocus(): Element | null {
  return document.activeElement?.closest("[data-row]") ?? document.querySelector("[data-waiting]");
}

/** The next row that waits, from the one in focus on; after the last the first. */
export function goToWaiting(): void {
  const rows = [...document.querySelectorAll("[data-waiting]")];
  const at = rows.findIndex((one) => one.contains(document.activeElement));
  enter(rows[at + 1] ?? rows[0]);
}

/** After an answer: on to the next one that waits, so that all are gone through without a search; else to its own row. */
export function afterAnswer(id: string): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-waiting]")];
  const at = rows.findIndex((one) => one.dataset.run === id);
  const rest = at < 0 ? rows : [...rows.slice(at + 1), ...rows.slice(0, at)];
  const next = rest[0]?.dataset.run ?? id;
  // The row of the answer is on its way to another part of the board.
  requestAnimationFrame(() => enter(row(next)));
}
