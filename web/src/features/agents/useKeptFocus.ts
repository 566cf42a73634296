import { useEffect, useLayoutEffect, useRef } from "react";
import { backToRow } from "./focus";

/**
 * A run that changes goes to another part of the board, and its row is made anew there. The focus goes with it, into
 * the box if it was in one, so that what is being typed is not taken for keys of the board.
 */
export function useKeptFocus(): void {
  const last = useRef<Element | null>(null);
  useEffect(() => {
    const hear = (event: FocusEvent): void => {
      last.current = event.target instanceof Element ? event.target : null;
    };
    document.addEventListener("focusin", hear);
    return () => document.removeEventListener("focusin", hear);
  }, []);
  useLayoutEffect(() => {
    const gone = last.current;
    if (!gone || gone.isConnected || document.activeElement !== document.body) return;
    last.current = null;
    const run = gone.closest<HTMLElement>("[data-run]")?.dataset.run;
    if (run) backToRow(run, gone.matches("[data-reply]"));
  });
}
