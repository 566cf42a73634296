import { useEffect } from "react";

/** What the browser's tab says, and what a screen reader hears on arrival. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · aether` : "aether";
  }, [title]);
}
