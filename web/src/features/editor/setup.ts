/** What an editor is made of. The slots are exchanged while it stands. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyField, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  type KeyBinding,
  keymap,
  lineNumbers,
  rectangularSelection,
  type ViewUpdate,
} from "@codemirror/view";
import type { Indent } from "./indent";
import { theme } from "./theme";

export const slots = {
  /** First, because vim takes keys before every other. */
  vim: new Compartment(),
  language: new Compartment(),
  indent: new Compartment(),
  wrap: new Compartment(),
  blame: new Compartment(),
  compare: new Compartment(),
  /** What belongs to the place on the page: panels and keys that lead out of the editor. */
  place: new Compartment(),
};

export interface Hooks {
  label: string;
  updated: (update: ViewUpdate) => void;
  keys: readonly KeyBinding[];
}

function marker(open: boolean): HTMLElement {
  const mark = document.createElement("span");
  mark.className = open ? "cm-fold cm-fold-open" : "cm-fold";
  mark.title = open ? "Fold" : "Unfold";
  return mark;
}

const looks: Extension = [
  lineNumbers(),
  foldGutter({ markerDOM: marker }),
  highlightSpecialChars(),
  drawSelection({ cursorBlinkRate: 0 }),
  bracketMatching(),
  highlightSelectionMatches({ minSelectionLength: 2 }),
  theme,
];

const acts: Extension = [
  highlightActiveLine(),
  highlightActiveLineGutter(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  indentOnInput(),
  closeBrackets(),
  autocompletion(),
  rectangularSelection(),
  crosshairCursor(),
  // Carriage returns of a text are characters here, and none may come in by a paste.
  EditorState.lineSeparator.of("\n"),
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
];

/** A match is shown with what stands around it. */
const finding: Extension = search({
  top: true,
  scrollToMatch: (range) => EditorView.scrollIntoView(range, { y: "center" }),
});

const keys: readonly KeyBinding[] = [
  ...closeBracketsKeymap,
  ...defaultKeymap,
  ...searchKeymap,
  ...historyKeymap,
  ...foldKeymap,
  ...completionKeymap,
  indentWithTab,
];

/** Everything but what a slot will hold later; `past` is the history of an editor this one goes on from. */
export function extensions(hooks: Hooks, indent: Indent, past?: EditorState): Extension {
  return [
    slots.vim.of([]),
    slots.place.of([]),
    keymap.of([...hooks.keys]),
    keymap.of([...keys]),
    past ? [historyField.init(() => past.field(historyField)), history()] : history(),
    looks,
    acts,
    finding,
    slots.language.of([]),
    slots.indent.of(indentation(indent)),
    slots.wrap.of([]),
    slots.blame.of([]),
    slots.compare.of([]),
    EditorView.contentAttributes.of({ "aria-label": hooks.label, tabindex: "0" }),
    EditorView.updateListener.of(hooks.updated),
  ];
}

export function indentation(indent: Indent): Extension {
  return [indentUnit.of(indent), EditorState.tabSize.of(indent === "\t" ? 4 : indent.length)];
}

/** A text that is only looked at. */
export function readOnly(label: string): Extension {
  return [
    slots.place.of([]),
    slots.wrap.of([]),
    slots.language.of([]),
    looks,
    keymap.of([...defaultKeymap, ...searchKeymap]),
    finding,
    EditorState.readOnly.of(true),
    EditorState.lineSeparator.of("\n"),
    EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true", tabindex: "0" }),
  ];
}
