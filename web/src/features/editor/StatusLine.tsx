import type { ReactNode } from "react";
import { plural } from "@/ui/format";
import { bytes } from "@/ui/sizes";
import { Ago } from "@/ui/Time";
import type { Buffer } from "./buffer";
import type { DocumentView } from "./documentView";
import { indentWords } from "./indent";
import { useUpdates } from "./useUpdates";

interface LineProps {
  view: DocumentView;
  buffer: Buffer;
  onGoTo: () => void;
}

/** What there is to know of the shown text, at its foot. */
export function StatusLine({ view, buffer, onGoTo }: LineProps) {
  return (
    <div className="flex h-6 shrink-0 items-center gap-4 overflow-hidden border-t border-line bg-surface px-3 text-12 whitespace-nowrap text-muted touch:h-8">
      <span className="min-w-0 flex-1 truncate">
        <Saved view={view} />
      </span>
      <Cursor buffer={buffer} onGoTo={onGoTo} />
      <Wide>{indentWords(view.indent)}</Wide>
      <Wide>
        {view.form.encoding}
        {view.form.mark ? " with BOM" : ""} ·{" "}
        {view.form.ends === "mixed" ? "mixed line ends" : view.form.ends}
      </Wide>
      <Wide>{bytes(view.size)}</Wide>
      <span>{view.language}</span>
    </div>
  );
}

/** Not where the line is short. */
function Wide({ children }: { children: ReactNode }) {
  return (
    <span data-number className="hidden @2xl:inline">
      {children}
    </span>
  );
}

function Saved({ view }: { view: DocumentView }) {
  if (view.state === "saving") return "Saving";
  if (view.dirty) return view.recovered ? "Not saved, kept from before" : "Not saved";
  if (!view.modified) return "Saved";
  return (
    <>
      Saved <Ago at={view.modified} />
    </>
  );
}

function Cursor({ buffer, onGoTo }: Omit<LineProps, "view">) {
  useUpdates(buffer);
  const { doc, selection } = buffer.state;
  const { head } = selection.main;
  const line = doc.lineAt(head);
  const chosen = selection.ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  return (
    <span data-number className="flex items-center gap-3">
      {selection.ranges.length > 1 && <span>{plural(selection.ranges.length, "cursor", "cursors")}</span>}
      {chosen > 0 && <span className="hidden @md:inline">{chosen} selected</span>}
      <button type="button" title="Go to line" onClick={onGoTo} className="rounded-md hover:text-text">
        Ln {line.number}, Col {head - line.from + 1}
      </button>
    </span>
  );
}
