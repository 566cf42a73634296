import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { hasUnread } from "@/queries/attention";
import { keys } from "@/queries/keys";
import { lookAt } from "@/queries/runActions";

/** A look is good for 15 s. */
const BEAT_MS = 10_000;

/** Tells that this page shows the run, for as long as a person sees the page: it is visible and has the focus. */
export function useLooking(runId: string | null): void {
  const cache = useQueryClient();
  useEffect(() => {
    if (!runId) return;
    return beat(async () => {
      await lookAt(runId);
      // A look reads them, and no event says so.
      if (hasUnread(cache, runId)) await cache.invalidateQueries({ queryKey: keys.notices });
    });
  }, [runId, cache]);
}

/** Calls at once, when the page is come back to, and each time a look would run out. The answer ends it. */
export function beat(look: () => Promise<void>): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const now = (): void => {
    if (document.hidden || !document.hasFocus() || performance.now() - last < BEAT_MS / 2) return;
    last = performance.now();
    // A lost look means at most one call too many.
    look().catch(() => undefined);
  };
  now();
  const timer = setInterval(now, BEAT_MS);
  window.addEventListener("focus", now);
  document.addEventListener("visibilitychange", now);
  return () => {
    clearInterval(timer);
    window.removeEventListener("focus", now);
    document.removeEventListener("visibilitychange", now);
  };
}
