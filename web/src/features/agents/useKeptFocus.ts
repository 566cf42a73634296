import { useEffect, useLayoutEffect, useRef } from "react";
import { backToRow } from "./focus";

/** What had the focus last, and of which run it was: an element that has left the page does not tell any more. */
interface Place {
  element: Element;
  run: string | undefined;
  reply: boolean;
}

/**
 * A run that changes goes to another part of the board, and its row is made anew there; one that asks something else
 * has another box. The focus goes with it, into the box if it was in one, so that what is being typed is not taken for
 * keys of the board.
 */
export function useKeptFocus(): void {
  const last = useRef<Place | null>(null);
  useEffect(() => {
    const hear = ({ target }: FocusEvent): void => {
      // A dialog stands beside the page, and what was asked in it concerns the row that it was opened from.
      if (!(target instanceof Element && target.closest("#root"))) return;
      last.current = {
        element: target,
        run: target.closest<HTMLElement>("[data-run]")?.dataset.run,
        reply: target.matches("[data-reply]"),
      };
    };
    document.addEventListener("focusin", hear);
    return () => document.removeEventListener("focusin", hear);
  }, []);
  useLayoutEffect(() => {
    const place = last.current;
    if (!place || place.element.isConnected || document.activeElement !== document.body) return;
    last.current = null;
    if (place.run) backToRow(place.run, place.reply);
  });
}
