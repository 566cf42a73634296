import type { ComponentProps, ReactNode } from "react";
import { classes } from "./classes";

interface ChoiceProps extends ComponentProps<"input"> {
  children: ReactNode;
  /** What it means, in a line below. */
  note?: ReactNode;
}

/** A box to tick, with its words; `type="radio"` makes it one of several. */
export function Choice({ children, note, type = "checkbox", className, ...input }: ChoiceProps) {
  return (
    <label className={classes("group flex min-h-6 items-start gap-2 touch:min-h-10 touch:py-1.5", className)}>
      <input type={type} className="mt-[3px] shrink-0 accent-accent touch:size-4" {...input} />
      <span className="grid min-w-0">
        <span className="min-w-0 break-words group-has-disabled:text-muted">{children}</span>
        {note && <span className="text-12 text-muted">{note}</span>}
      </span>
    </label>
  );
}

/** Choices that belong together. */
export function Choices({
  legend,
  children,
  className,
}: {
  legend: string;
  children: ReactNode;
  className?: string;
}) {
  return (
    <fieldset className={classes("grid min-w-0 gap-1", className)}>
      <legend className="mb-1 font-medium">{legend}</legend>
      {children}
    </fieldset>
  );
}
