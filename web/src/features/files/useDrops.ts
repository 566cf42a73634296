import { useEffect, useRef, useState } from "react";
import { folderOf, ROOT } from "./paths";

/** The paths of rows that are dragged, as JSON. */
export const DRAGGED = "application/x-aether-paths";

const OPEN_AFTER_MS = 600;

interface Drops {
  /** The folder things would fall into now. */
  over: string | null;
  on: Pick<React.ComponentProps<"div">, "onDragOver" | "onDragLeave" | "onDrop">;
}

/** Takes what is dropped on a tree: on a folder or what lies in it, or beside the rows for the root. */
export function useDrops(
  drop: (folder: string, data: DataTransfer) => void,
  open: (path: string, on: boolean) => void,
): Drops {
  const [over, setOver] = useState<string | null>(null);
  const waiting = useRef<{ path: string; timer: ReturnType<typeof setTimeout> } | null>(null);
  const leave = (): void => {
    setOver(null);
    clearTimeout(waiting.current?.timer);
    waiting.current = null;
  };
  useEffect(() => () => clearTimeout(waiting.current?.timer), []);

  /** A shut folder that is waited over opens, as the thing may be meant for deeper inside. */
  const wait = (row: HTMLElement | null): void => {
    const path = row?.getAttribute("aria-expanded") === "false" ? (row.dataset.path ?? "") : "";
    if (waiting.current?.path === path) return;
    clearTimeout(waiting.current?.timer);
    waiting.current = path ? { path, timer: setTimeout(() => open(path, true), OPEN_AFTER_MS) } : null;
  };
  const isTaken = (data: DataTransfer): boolean =>
    data.types.includes(DRAGGED) || data.types.includes("Files");

  return {
    over,
    on: {
      onDragOver: (event) => {
        if (!isTaken(event.dataTransfer)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = event.dataTransfer.types.includes(DRAGGED) ? "move" : "copy";
        const row = rowUnder(event.target);
        wait(row);
        setOver(folderUnder(row));
      },
      onDragLeave: (event) => {
        const to = event.relatedTarget;
        if (!(to instanceof Node) || !event.currentTarget.contains(to)) leave();
      },
      onDrop: (event) => {
        if (!isTaken(event.dataTransfer)) return;
        event.preventDefault();
        drop(folderUnder(rowUnder(event.target)), event.dataTransfer);
        leave();
      },
    },
  };
}

function rowUnder(target: EventTarget): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-path]") : null;
}

function folderUnder(row: HTMLElement | null): string {
  const path = row?.dataset.path;
  if (!path) return ROOT;
  return row.hasAttribute("aria-expanded") ? path : folderOf(path);
}
