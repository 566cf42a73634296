/** Where the focus goes on the board, and which row it is in. */

const row = (id: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-run="${CSS.escape(id)}"]`);

function enter(element: Element | null | undefined): void {
  element?.querySelector<HTMLElement>("[data-open]")?.focus();
}

/** Into the row, or into its box for a reply if it has one and that is wanted. */
export function backToRow(id: string, reply = false): void {
  const box = reply ? row(id)?.querySelector<HTMLElement>("[data-reply]") : null;
  if (box) box.focus();
  else enter(row(id));
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

/**
 * Where to go after an answer, found before the rows move: to the next one that waits, so that all are gone through
 * without a search; after the last to the row of the answer itself.
 */
export function afterAnswer(id: string): () => void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-waiting]")].map(
    (one) => one.dataset.run ?? "",
  );
  const at = rows.indexOf(id);
  const next = [...rows.slice(at + 1), ...rows.slice(0, Math.max(0, at))];
  return () =>
    void requestAnimationFrame(() => {
      const there = next.map(row).find((one) => one?.matches("[data-waiting]"));
      const typing =
        document.activeElement instanceof HTMLTextAreaElement && !row(id)?.contains(document.activeElement);
      // Who has begun the next reply meanwhile is not taken out of it.
      if (!typing) enter(there ?? row(id));
    });
}
