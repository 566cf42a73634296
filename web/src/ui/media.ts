import { useSyncExternalStore } from "react";

/** Below this two panels cannot stand beside one another. */
export const NARROW = "(width < 48rem)";

const queries = new Map<string, MediaQueryList>();

function mediaOf(query: string): MediaQueryList {
  const known = queries.get(query) ?? matchMedia(query);
  queries.set(query, known);
  return known;
}

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      mediaOf(query).addEventListener("change", changed);
      return () => mediaOf(query).removeEventListener("change", changed);
    },
    () => mediaOf(query).matches,
  );
}

/** One panel at a time: below the width at which two can stand beside one another. */
export function useNarrow(): boolean {
  return useMedia(NARROW);
}

/** A finger points: rows are higher, and nothing waits for a hover. */
export function useTouch(): boolean {
  return useMedia("(pointer: coarse)");
}
