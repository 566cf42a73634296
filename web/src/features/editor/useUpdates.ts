import type { ViewUpdate } from "@codemirror/view";
import { useEffect, useReducer } from "react";

/** Something that tells of every update of an editor. */
export interface Updates {
  onUpdate(listener: (update: ViewUpdate) => void): () => void;
}

/** Draws anew with every update of the editor, at most once a frame. */
export function useUpdates(updates: Updates): void {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let frame = 0;
    const asked = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    };
    const stop = updates.onUpdate(asked);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [updates]);
}
