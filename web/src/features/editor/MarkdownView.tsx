import { useEffect, useRef, useState } from "react";
import { classes } from "@/ui/classes";
import type { OpenDocument } from "./document";
import { colour, rendered } from "./markdown";
import { openFile } from "./open";
import { useEditorSettings } from "./settings";
import "./code.css";
import "./markdown.css";

const DRAW_MS = 150;

/** The text as it will be read, drawn anew as it changes. */
export default function MarkdownView({ file }: { file: OpenDocument }) {
  const place = useRef<HTMLElement>(null);
  const text = useText(file);
  const { fontSize } = useEditorSettings();
  useEffect(() => {
    const { projectId, path } = file;
    const fragment = rendered(text, { projectId, path, open: (to) => openFile(projectId, to) });
    place.current?.replaceChildren(fragment);
    if (place.current) void colour(place.current);
  }, [text, file]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be reached by the keyboard for that.
    <div tabIndex={0} className="min-h-0 flex-1 overflow-auto -outline-offset-2">
      <article
        ref={place}
        aria-label="Preview"
        data-testid="markdown"
        className={classes("markdown mx-auto max-w-3xl px-5 py-6", fontSize > 13 ? "text-16" : "text-14")}
      />
    </div>
  );
}

function useText(file: OpenDocument): string {
  const [text, setText] = useState(() => file.text);
  useEffect(() => {
    const read = (): void => setText(file.text);
    read();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // No editor is on the page, so what changes comes from the machine, and the file tells of that.
    const stop = file.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(read, DRAW_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [file]);
  return text;
}
