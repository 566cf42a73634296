/** The text of a file beside or over another version of it. The file's own side is the one that is edited. */
import {
  type Chunk,
  getChunks,
  getOriginalDoc,
  goToNextChunk,
  goToPreviousChunk,
  type MergeConfig,
  MergeView,
  mergeViewSiblings,
  unifiedMergeView,
} from "@codemirror/merge";
import { EditorState, type Extension, Prec, type Text } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { Buffer } from "./buffer";
import { compareTheme } from "./compareTheme";
import { readOnly, slots } from "./setup";

export interface CompareOptions {
  buffer: Buffer;
  /** The other version, on the left or struck out. */
  original: Text;
  names: { original: string; own: string };
  /** What the buttons at a piece do. */
  words: { take: string; keep: string | null };
  wide: boolean;
  place: Extension;
}

export interface Compare {
  /** The side that is edited. */
  view: EditorView;
  /** What scrolls. */
  scroller: HTMLElement;
  end: () => void;
}

const SHARED = {
  collapseUnchanged: { margin: 4, minSize: 6 },
  diffConfig: { scanLimit: 2_000, timeout: 400 },
} satisfies MergeConfig;

/** A `phrases` extension: what CodeMirror says by itself, in the words of this page. */
const phrases = EditorState.phrases.of({ "$ unchanged lines": "$ lines as they were" });

const keys: Extension = Prec.high(
  keymap.of([
    { key: "F7", run: goToNextChunk, shift: goToPreviousChunk, preventDefault: true },
    { key: "Alt-Enter", run: (view) => takePiece(view), preventDefault: true },
  ]),
);

const all: Extension = [Prec.highest(compareTheme), EditorView.lineWrapping, phrases, keys];

export function compare(parent: HTMLElement, options: CompareOptions): Compare {
  return options.wide ? beside(parent, options) : over(parent, options);
}

function beside(parent: HTMLElement, { buffer, original, names, words, place }: CompareOptions): Compare {
  const { doc, selection, extensions } = buffer.handOver();
  const { language } = buffer;
  const merge = new MergeView({
    ...SHARED,
    parent,
    a: { doc: original, extensions: [all, readOnly(names.original)] },
    b: { doc, selection, extensions: [all, extensions] },
    revertControls: "a-to-b",
    renderRevertControl: () => pieceButton(words.take, "→"),
  });
  buffer.attach(merge.b);
  merge.a.dispatch({ effects: slots.language.reconfigure(language) });
  merge.b.dispatch({ effects: [slots.language.reconfigure(language), slots.place.reconfigure(place)] });
  const end = (): void => {
    buffer.detach(merge.b);
    merge.destroy();
  };
  return { view: merge.b, scroller: merge.dom, end };
}

function over(parent: HTMLElement, { buffer, original, words, place }: CompareOptions): Compare {
  const view = new EditorView({ state: buffer.state, parent });
  buffer.attach(view);
  const merge = unifiedMergeView({
    ...SHARED,
    original,
    mergeControls: (type, act) => {
      const text = type === "reject" ? words.take : words.keep;
      const button = pieceButton(text ?? "", text ?? "");
      button.hidden = text === null;
      button.addEventListener("mousedown", act);
      return button;
    },
  });
  view.dispatch({ effects: [slots.compare.reconfigure([all, merge]), slots.place.reconfigure(place)] });
  const end = (): void => {
    buffer.detach(view);
    view.destroy();
  };
  return { view, scroller: view.scrollDOM, end };
}

/** Not reached by Tab, which would walk over every piece; Alt+Enter does the same where the cursor is. */
function pieceButton(label: string, face: string): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = -1;
  button.className = "cm-piece";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.textContent = face;
  return button;
}

export function piecesOf(state: EditorState): readonly Chunk[] {
  return getChunks(state)?.chunks ?? [];
}

/** Puts the original in place of the piece the cursor is in. */
function takePiece(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const piece = piecesOf(view.state).find((chunk) => chunk.fromB <= head && head <= chunk.endB);
  if (!piece) return false;
  const original = originalOf(view);
  const { doc } = view.state;
  const from = Math.min(piece.fromB, doc.length);
  const to = Math.min(piece.toB, doc.length);
  const insert = original.slice(piece.fromA, Math.min(piece.toA, original.length));
  view.dispatch({ changes: { from, to, insert }, userEvent: "revert" });
  return true;
}

function originalOf(view: EditorView): Text {
  return mergeViewSiblings(view)?.a.state.doc ?? getOriginalDoc(view.state);
}
