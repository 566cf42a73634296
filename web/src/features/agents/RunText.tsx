import { useState } from "react";
import { classes } from "@/ui/classes";

// About four lines of the row at a desk's width.
const LONG = 420;

interface TextProps {
  text: string;
  /** What became of the last answer. */
  note?: string;
  className?: string | undefined;
}

/** What a machine said, as it is: data, never markup. Long texts are folded. */
export function RunText({ text, note, className }: TextProps) {
  const [open, setOpen] = useState(false);
  const long = text.length > LONG || text.split("\n").length > 4;
  if (!text && !note) return null;
  return (
    <div className={classes("min-w-0", className)}>
      <p className={classes("max-w-prose break-words whitespace-pre-wrap", long && !open && "line-clamp-4")}>
        {long && !open ? text.replace(/\n\s*\n/g, "\n") : text}
      </p>
      {note && <p className="max-w-prose text-13 break-words text-failed">{note}</p>}
      {long && (
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="relative text-12 text-muted underline decoration-edge underline-offset-2 hover:text-text touch:py-2"
        >
          {open ? "Show less" : "Show all"}
        </button>
      )}
    </div>
  );
}
