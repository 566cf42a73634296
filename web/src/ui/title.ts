import { useEffect } from "react";

let shown = "";
let calls = 0;

function write(): void {
  const title = shown ? `${shown} · aether` : "aether";
  document.title = calls ? `(${calls}) ${title}` : title;
}

/** What the browser's tab says, and what a screen reader hears on arrival. */
export function useTitle(title: string): void {
  useEffect(() => {
    shown = title;
    write();
  }, [title]);
}

/** How much waits for the person, in front of the title of whatever page. */
export function setTitleCount(count: number): void {
  calls = count;
  write();
}
