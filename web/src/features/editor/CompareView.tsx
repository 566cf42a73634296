import { goToNextChunk, goToPreviousChunk } from "@codemirror/merge";
import type { Text } from "@codemirror/state";
import { type RefObject, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { IconButton } from "@/ui/Button";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { type Compare, compare, piecesOf } from "./compare";
import type { OpenDocument } from "./document";
import type { DocumentView } from "./documentView";
import { FindPanel } from "./FindPanel";
import { placed } from "./mount";
import { StatusLine } from "./StatusLine";
import { useEditorSettings } from "./settings";
import { useUpdates } from "./useUpdates";
import "./editor.css";

/** Two columns of code want this much, in CSS pixels. */
const WIDE_PX = 640;

export interface Names {
  /** Over the left column. */
  original: string;
  own: string;
  /** The original within a sentence. */
  over: string;
}

interface CompareProps {
  file: OpenDocument;
  view: DocumentView;
  original: Text;
  names: Names;
  words: { take: string; keep: string | null };
}

/** A file and another version of it: side by side, or one over the other where there is little room. */
export function CompareView({ file, view, original, names, words }: CompareProps) {
  const place = useRef<HTMLDivElement>(null);
  const wide = useIsWide(place);
  const [made, setMade] = useState<Compare | null>(null);
  const [finder, setFinder] = useState<HTMLElement | null>(null);
  const { fontSize } = useEditorSettings();
  const { take, keep } = words;

  useEffect(() => {
    if (!place.current || wide === null) return;
    const next = compare(place.current, {
      buffer: file.buffer,
      original,
      names: { original: names.original, own: names.own },
      words: { take, keep },
      wide,
      place: placed({ onFinder: setFinder, onGoTo: () => undefined }),
    });
    setMade(next);
    return () => {
      setMade(null);
      setFinder(null);
      next.end();
    };
  }, [file, original, wide, names.original, names.own, take, keep]);

  return (
    <>
      <div className="flex h-8 shrink-0 items-center border-b border-line bg-surface text-12 text-muted touch:h-11">
        {wide && <span className="w-[calc(50%+14px)] truncate px-3">{names.original}</span>}
        <span className="flex min-w-0 flex-1 items-center gap-2 pl-3">
          <span className="min-w-0 flex-1 truncate">
            {wide ? names.own : `${names.own} over ${names.over}`}
          </span>
          {made && <Pieces file={file} made={made} />}
        </span>
      </div>
      <div className="relative min-h-0 flex-1">
        <div ref={place} data-testid="editor-compare" className="absolute inset-0" style={{ fontSize }} />
        {made && finder && createPortal(<FindPanel view={made.view} updates={file.buffer} />, finder)}
      </div>
      <StatusLine view={view} buffer={file.buffer} onGoTo={() => made?.view.focus()} />
    </>
  );
}

/** How many pieces differ, and the way from one to the next. */
function Pieces({ file, made }: { file: OpenDocument; made: Compare }) {
  useUpdates(file.buffer);
  const count = piecesOf(made.view.state).length;
  const go = (command: typeof goToNextChunk): void => {
    command(made.view);
    made.view.focus();
  };
  return (
    <span className="flex shrink-0 items-center gap-1 pr-2">
      <span data-number role="status">
        {count ? plural(count, "difference", "differences") : "No difference"}
      </span>
      <IconButton label="Previous difference (Shift+F7)" onClick={() => go(goToPreviousChunk)}>
        <Icon name="up" />
      </IconButton>
      <IconButton label="Next difference (F7)" onClick={() => go(goToNextChunk)}>
        <Icon name="down" />
      </IconButton>
    </span>
  );
}

/** Null until it is measured. */
function useIsWide(place: RefObject<HTMLElement | null>): boolean | null {
  const [wide, setWide] = useState<boolean | null>(null);
  useEffect(() => {
    if (!place.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry?.contentRect.width) setWide(entry.contentRect.width >= WIDE_PX);
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [place]);
  return wide;
}
