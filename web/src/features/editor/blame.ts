/** Beside each line who last changed it, and when. The marks move along with the text while it is typed in. */
import { type Extension, RangeSet, RangeSetBuilder, StateField, type Text } from "@codemirror/state";
import { EditorView, GutterMarker, gutter } from "@codemirror/view";
import type { BlameLine } from "@/queries/git";
import { ago, exact } from "@/ui/format";
import { slots } from "./setup";

class Mark extends GutterMarker {
  constructor(
    private readonly line: BlameLine,
    /** The first of the lines that came with one commit. */
    private readonly first: boolean,
  ) {
    super();
  }

  override eq(other: Mark): boolean {
    return other.first === this.first && other.line.commit === this.line.commit;
  }

  override toDOM(): Node {
    const { commit, author, at, summary } = this.line;
    const mark = document.createElement("div");
    mark.className = "cm-blame-line";
    if (!this.first) return mark;
    if (commit && at) {
      mark.textContent = `${author.split(" ")[0]} · ${ago(at, Date.now())}`;
      mark.title = `${summary}\n${author}, ${exact(at)}\n${commit.slice(0, 10)}`;
    } else mark.textContent = "Not committed";
    return mark;
  }
}

function marks(doc: Text, lines: readonly BlameLine[]): RangeSet<GutterMarker> {
  const builder = new RangeSetBuilder<GutterMarker>();
  let before: string | null | undefined;
  for (const line of [...lines].sort((a, b) => a.line - b.line)) {
    if (line.line < 1 || line.line > doc.lines) continue;
    const { from } = doc.line(line.line);
    builder.add(from, from, new Mark(line, line.commit !== before));
    before = line.commit;
  }
  return builder.finish();
}

const look = EditorView.theme({
  ".cm-blame": { borderRight: "1px solid var(--line)", backgroundColor: "var(--surface)" },
  ".cm-blame .cm-gutterElement": { padding: "0" },
  ".cm-blame-line": {
    width: "20ch",
    padding: "0 10px",
    overflow: "hidden",
    whiteSpace: "nowrap",
    textOverflow: "ellipsis",
    fontFamily: "var(--font-sans)",
    fontSize: "12px",
    color: "var(--muted)",
  },
});

function blame(lines: readonly BlameLine[]): Extension {
  const field = StateField.define<RangeSet<GutterMarker>>({
    create: (state) => marks(state.doc, lines),
    update: (held, transaction) => (transaction.docChanged ? held.map(transaction.changes) : held),
  });
  return [
    field,
    gutter({ class: "cm-blame", markers: (view) => view.state.field(field, false) ?? RangeSet.empty }),
    look,
  ];
}

/** Null takes it away. */
export function showBlame(view: EditorView, lines: readonly BlameLine[] | null): void {
  view.dispatch({ effects: slots.blame.reconfigure(lines ? blame(lines) : []) });
}
