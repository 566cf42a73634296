import { useEffect, useState } from "react";

/** Gives the focus back to what had it before this component came, unless something else has it by then. */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () =>
      void requestAnimationFrame(() => {
        const nowhere = !document.activeElement || document.activeElement === document.body;
        if (nowhere && before instanceof HTMLElement) before.focus();
      }),
    [before],
  );
}
