/** Puts the editor of a file onto the page, with what belongs to its place there. */
import { search } from "@codemirror/search";
import { type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { Buffer } from "./buffer";
import type { EditorSettings } from "./settings";
import { slots } from "./setup";

export interface Around {
  /** Where the page may draw its find panel; null when it is closed. */
  onFinder: (place: HTMLElement | null) => void;
  onGoTo: () => void;
}

/** The find panel and the keys that lead to the page around. */
export function placed({ onFinder, onGoTo }: Around): Extension {
  const finder = search({
    createPanel: () => {
      const dom = document.createElement("div");
      // The panel's inputs have their own keys, but for those that search.
      return { dom, top: true, mount: () => onFinder(dom), destroy: () => onFinder(null) };
    },
  });
  const goTo = (): boolean => {
    onGoTo();
    return true;
  };
  return [finder, Prec.high(keymap.of([{ key: "Ctrl-g", run: goTo, preventDefault: true }]))];
}

export function mountBuffer(place: HTMLElement, buffer: Buffer, around: Around): EditorView {
  const view = new EditorView({
    state: buffer.state,
    parent: place,
    scrollTo: buffer.scroll ?? undefined,
  });
  buffer.attach(view);
  view.dispatch({ effects: slots.place.reconfigure(placed(around)) });
  return view;
}

export async function applySettings(
  view: EditorView,
  settings: EditorSettings,
  write: () => void,
): Promise<void> {
  view.dispatch({ effects: slots.wrap.reconfigure(settings.wrap ? EditorView.lineWrapping : []) });
  view.requestMeasure();
  const vim = settings.vim ? (await import("./vim")).vimKeys(write) : [];
  view.dispatch({ effects: slots.vim.reconfigure(vim) });
}

/** Shows a place; lines and columns count from 1, and those beyond the end are the end. */
export function reveal(view: EditorView, at: { line?: number; column?: number; length?: number }): void {
  const { doc } = view.state;
  const line = doc.line(Math.min(Math.max(1, at.line ?? 1), doc.lines));
  const anchor = Math.min(line.to, line.from + Math.max(0, (at.column ?? 1) - 1));
  const head = Math.min(line.to, anchor + (at.length ?? 0));
  view.dispatch({
    selection: { anchor, head },
    effects: EditorView.scrollIntoView(anchor, { y: "center" }),
  });
}
