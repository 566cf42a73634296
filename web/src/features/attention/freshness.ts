/** Keeps the count of unread notices true: that a notice was read is told by no event of its own. */
import type { QueryClient } from "@tanstack/react-query";
import type { Run } from "@/api/types";
import { hasUnread } from "@/queries/attention";
import { keys } from "@/queries/keys";

// One answer changes a run several times.
const SETTLE_MS = 1_000;
// A look at a run reads its notices and changes nothing of it, so one that merely goes on is asked about now and then.
const REST_MS = 10_000;

export class Freshness {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Number.POSITIVE_INFINITY;
  readonly #needs = new Map<string, string>();

  constructor(private readonly cache: QueryClient) {}

  /** A run has changed: what it called for may be over. Only one with unread notices is worth a question. */
  hear(run: Run): void {
    if (!hasUnread(this.cache, run.id)) return;
    const need = run.question?.id ?? run.state;
    const goesOn = this.#needs.get(run.id) === need;
    this.#needs.set(run.id, need);
    this.#askIn(goesOn ? REST_MS : SETTLE_MS);
  }

  readonly ask = (): void => {
    this.end();
    void this.cache.invalidateQueries({ queryKey: keys.notices });
  };

  end(): void {
    clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** What comes meanwhile puts nothing off: a busy agent changes every second. */
  #askIn(wait: number): void {
    const due = Date.now() + wait;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(this.ask, wait);
  }
}
