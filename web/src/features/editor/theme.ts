/** The look of CodeMirror, from the same table of tokens as the rest of the page; so it follows the theme by itself. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

const MONO = '"JetBrains Mono Variable", ui-monospace, monospace';

const surface = EditorView.theme({
  "&": { height: "100%", color: "var(--term-foreground)", backgroundColor: "var(--term-background)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: MONO, lineHeight: "1.55", fontVariantLigatures: "none" },
  ".cm-content": { caretColor: "var(--accent)", padding: "6px 0 40vh" },
  ".cm-line": { padding: "0 16px 0 6px" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    background: "var(--code-selection)",
  },
  ".cm-content ::selection": { background: "transparent" },
  // Drawn over the selection's layer, so it must let that through.
  ".cm-activeLine": { backgroundColor: "color-mix(in oklch, var(--raised) 45%, transparent)" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--term-background)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 14px", minWidth: "44px", fontSize: "0.923em" },
  ".cm-activeLineGutter": { color: "var(--text)", backgroundColor: "transparent" },
  ".cm-foldGutter .cm-gutterElement": { width: "16px", cursor: "pointer", textAlign: "center" },
  ".cm-fold::before": { content: '"›"', display: "inline-block", color: "var(--muted)" },
  ".cm-fold-open::before": { transform: "rotate(90deg)", opacity: "0" },
  ".cm-gutters:hover .cm-fold-open::before": { opacity: "1" },
  ".cm-foldPlaceholder": {
    color: "var(--muted)",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line)",
    borderRadius: "4px",
    padding: "0 6px",
  },
  "&.cm-focused .cm-matchingBracket": {
    color: "inherit",
    backgroundColor: "transparent",
    outline: "1px solid var(--accent)",
  },
  "&.cm-focused .cm-nonmatchingBracket": {
    color: "inherit",
    backgroundColor: "transparent",
    outline: "1px solid var(--failed)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--raised)", outline: "1px solid var(--line)" },
  ".cm-searchMatch": {
    backgroundColor: "var(--waiting-soft)",
    outline: "1px solid color-mix(in oklch, var(--waiting) 60%, transparent)",
  },
  ".cm-searchMatch-selected": { backgroundColor: "var(--code-selection)", outlineColor: "var(--accent)" },
  ".cm-specialChar": { color: "var(--failed)" },
});

const floating = EditorView.theme({
  ".cm-panels": { color: "var(--text)", backgroundColor: "transparent", zIndex: "5" },
  ".cm-panels-top": { border: "none" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)", backgroundColor: "var(--surface)" },
  ".cm-vim-panel, .cm-vim-panel input": { fontFamily: MONO, fontSize: "13px", color: "var(--text)" },
  ".cm-fat-cursor": { background: "var(--accent) !important", color: "var(--on-accent) !important" },
  "&:not(.cm-focused) .cm-fat-cursor": {
    background: "none !important",
    outline: "1px solid var(--accent) !important",
    color: "transparent !important",
  },
  ".cm-tooltip": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--edge)",
    borderRadius: "6px",
    boxShadow: "0 8px 24px var(--shadow)",
    overflow: "hidden",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: MONO, fontSize: "12px", maxHeight: "14em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "4px 10px !important" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--text)",
    backgroundColor: "var(--raised)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
});

const style = HighlightStyle.define([
  { tag: [t.keyword, t.operatorKeyword, t.modifier, t.self], color: "var(--code-keyword)" },
  { tag: [t.string, t.special(t.string), t.regexp, t.character], color: "var(--code-string)" },
  { tag: [t.number, t.bool, t.null, t.atom, t.escape, t.unit, t.color], color: "var(--code-number)" },
  {
    tag: [t.function(t.variableName), t.function(t.propertyName), t.labelName, t.macroName],
    color: "var(--code-name)",
  },
  { tag: [t.typeName, t.className, t.namespace, t.standard(t.variableName)], color: "var(--code-type)" },
  { tag: [t.tagName, t.angleBracket, t.deleted], color: "var(--code-tag)" },
  { tag: [t.attributeName, t.definition(t.propertyName), t.inserted], color: "var(--code-type)" },
  { tag: [t.meta, t.processingInstruction, t.quote], color: "var(--code-note)" },
  { tag: t.comment, color: "var(--code-note)", fontStyle: "italic" },
  { tag: t.heading, color: "var(--code-name)", fontWeight: "600" },
  { tag: t.strong, fontWeight: "700" },
  { tag: t.emphasis, fontStyle: "italic" },
  { tag: t.strikethrough, textDecoration: "line-through" },
  { tag: [t.link, t.url], color: "var(--code-name)", textDecoration: "underline" },
  { tag: t.monospace, color: "var(--code-string)" },
  { tag: t.invalid, color: "var(--failed)" },
]);

export const theme: Extension = [surface, floating, syntaxHighlighting(style)];
