import type { ReactNode } from "react";
import { classes } from "@/ui/classes";
import { type Shape, ShapeMark } from "@/ui/StateMark";

interface BandProps {
  shape: Shape;
  tone: string;
  /** It asks for a decision. */
  loud?: boolean;
  children: ReactNode;
  actions?: ReactNode;
}

/** A line over a file: what is the matter with it, and what can be done. */
export function Band({ shape, tone, loud, children, actions }: BandProps) {
  return (
    <div
      role="status"
      className={classes(
        "flex min-h-9 shrink-0 animate-appear flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-3 py-1.5",
        loud ? "bg-waiting-soft" : "bg-surface",
      )}
    >
      <span className="flex min-w-48 flex-1 items-start gap-2">
        <ShapeMark shape={shape} className={`mt-[5px] ${tone}`} />
        <span className="min-w-0 text-pretty">{children}</span>
      </span>
      {actions && <span className="flex flex-wrap items-center gap-1.5">{actions}</span>}
    </div>
  );
}
