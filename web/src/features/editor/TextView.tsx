import type { EditorView } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { showBlame } from "./blame";
import type { OpenDocument } from "./document";
import type { DocumentView } from "./documentView";
import { FindPanel } from "./FindPanel";
import { GoTo } from "./GoTo";
import { applySettings, mountBuffer, reveal } from "./mount";
import { takePlace, useHasPlace } from "./open";
import { StatusLine } from "./StatusLine";
import { useEditorSettings } from "./settings";
import { useBlame } from "./useBlame";
import "./editor.css";

interface TextProps {
  file: OpenDocument;
  view: DocumentView;
  blame: boolean;
}

/** A text to be edited. */
export function TextView({ file, view, blame }: TextProps) {
  const place = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<EditorView | null>(null);
  const [finder, setFinder] = useState<HTMLElement | null>(null);
  const [going, setGoing] = useState(false);
  const settings = useEditorSettings();
  const write = useEffectEvent(() => void file.save());

  useEffect(() => {
    if (!place.current) return;
    const made = mountBuffer(place.current, file.buffer, {
      onFinder: setFinder,
      onGoTo: () => setGoing(true),
    });
    setEditor(made);
    takeFocus(made);
    return () => {
      setEditor(null);
      setFinder(null);
      file.buffer.detach(made);
      made.destroy();
    };
  }, [file]);

  useEffect(() => {
    if (editor) void applySettings(editor, settings, write);
  }, [editor, settings]);
  usePlace(editor, file);
  const lines = useBlame(file, blame);
  useEffect(() => {
    if (editor) showBlame(editor, lines);
  }, [editor, lines]);

  const endGoing = (): void => {
    setGoing(false);
    editor?.focus();
  };
  return (
    <>
      <div className="relative min-h-0 flex-1">
        <div
          ref={place}
          data-testid="editor-text"
          className="absolute inset-0"
          style={{ fontSize: settings.fontSize }}
        />
        {editor && going && (
          <GoTo
            lines={editor.state.doc.lines}
            go={(line, column) => reveal(editor, { line, column })}
            close={endGoing}
          />
        )}
        {editor && finder && createPortal(<FindPanel view={editor} updates={file.buffer} />, finder)}
      </div>
      <StatusLine view={view} buffer={file.buffer} onGoTo={() => setGoing(true)} />
    </>
  );
}

/** Goes where the file was opened at, now or later. */
function usePlace(editor: EditorView | null, file: OpenDocument): void {
  const waits = useHasPlace(file.projectId, file.path);
  useEffect(() => {
    const at = editor && waits ? takePlace(file.projectId, file.path) : null;
    if (editor && at) reveal(editor, at);
  }, [editor, waits, file]);
}

/**
 * The editor takes the focus where nothing that is walked along has it: a list of tabs or files keeps its own, and on a
 * phone a tap asks for the keyboard.
 */
function takeFocus(editor: EditorView): void {
  requestAnimationFrame(() => {
    const has = document.activeElement;
    const walked = has?.closest("[role=tablist], [role=tree], [role=listbox], [role=list], input, textarea");
    if (!walked && !matchMedia("(pointer: coarse)").matches) editor.focus();
  });
}
