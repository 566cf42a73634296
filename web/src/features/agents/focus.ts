/** Where the focus goes on the board, which row it is in, and when keys may act on what it has come to. */

const row = (id: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-run="${CSS.escape(id)}"]`);

function enter(element: Element | null | undefined): void {
  element?.querySelector<HTMLElement>("[data-open]")?.focus();
}

// A key that was meant for what stood here before must not answer what has just come in its place.
const SETTLES_MS = 500;

/** `since` is of `performance.now()`. */
export function isSettled(since: number): boolean {
  return performance.now() - since > SETTLES_MS;
}

let sentOn = Number.NEGATIVE_INFINITY;

/** False just after the focus has gone on by itself: the next key may still be meant for the row before. */
export function hasArrived(): boolean {
  return isSettled(sentOn);
}

/** Into the row, or into its box for a reply if it has one and that is wanted. */
export function backToRow(id: string, reply = false): void {
  if (!reply || !enterReply(row(id))) enter(row(id));
}

/** Into the box for a reply, behind what is in it. False where there is none. */
export function enterReply(element: Element | null): boolean {
  const box = element?.querySelector<HTMLTextAreaElement>("[data-reply]");
  box?.focus();
  box?.setSelectionRange(box.value.length, box.value.length);
  return Boolean(box);
}

/** Out of a row that is about to go, into the one after it, or else the one before. */
export function leaveRow(id: string): void {
  const rows: (Element | null)[] = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(row(id));
  enter(rows[at + 1] ?? rows[at - 1]);
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
      if (typing) return;
      enter(there ?? row(id));
      sentOn = performance.now();
    });
}
