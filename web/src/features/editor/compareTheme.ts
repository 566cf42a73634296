/** The look of two versions beside or over each other. */
import { EditorView } from "@codemirror/view";

export const compareTheme = EditorView.theme({
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--removed)" },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "var(--added)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": {
    background: "var(--removed-strong)",
    borderRadius: "2px",
  },
  "&.cm-merge-b .cm-changedText": { background: "var(--added-strong)", borderRadius: "2px" },
  "&.cm-merge-b .cm-deletedText": { background: "var(--removed-strong)" },
  ".cm-content": { paddingBottom: "24px" },
  ".cm-deletedChunk": { paddingLeft: "6px" },
  ".cm-deletedLine, .cm-deletedLine del, .cm-insertedLine": { textDecoration: "none" },
  ".cm-changeGutter": { width: "3px", paddingLeft: "0" },
  "&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter": { background: "var(--failed)" },
  "&.cm-merge-b .cm-changedLineGutter": { background: "var(--done)" },
  ".cm-collapsedLines": {
    padding: "3px 12px",
    color: "var(--muted)",
    background: "var(--surface)",
    borderBlock: "1px solid var(--line)",
    fontFamily: "var(--font-sans)",
    fontSize: "12px",
    cursor: "pointer",
  },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '""', margin: "0" },
  ".cm-collapsedLines:hover": { color: "var(--text)", background: "var(--raised)" },
});
