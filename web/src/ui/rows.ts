import { useEffect } from "react";
import { isCovered, isTyping } from "./typing";

/** `j` and `k` in any list: moves the focus between the main links of the rows on the page. */
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row] [data-open]")];
  const at = rows.findIndex((row) => row.closest("[data-row]")?.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step));
  rows[next]?.focus();
}

/** `j` and `k` on a page whose only keys they are. `Enter` is the link's own. */
export function useRowKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isCovered()) return;
      if (event.key === "j") moveRow(1);
      else if (event.key === "k") moveRow(-1);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
