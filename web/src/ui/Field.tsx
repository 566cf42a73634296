import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes";

export const INPUT_LOOK =
  "h-8 w-full rounded-md border border-edge bg-surface px-2.5 text-13 text-text touch:h-10 touch:text-16 hover:border-muted/70 focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0 aria-invalid:border-failed disabled:opacity-60";

interface FieldProps extends ComponentProps<"input"> {
  label: string;
  /** What to know before typing; replaced by the error when there is one. */
  hint?: ReactNode;
  error?: string | undefined;
  /** Stands at the right end of the input, as a unit or a button. */
  end?: ReactNode;
}

/** A labelled input whose error stands under it and is read with it. */
export function Field({ label, hint, error, end, className, ...input }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={classes("grid gap-1", className)}>
      <label htmlFor={id} className="text-13 font-medium">
        {label}
      </label>
      <div className="relative">
        <input
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={note ? `${id}-note` : undefined}
          className={classes(INPUT_LOOK, Boolean(end) && "pr-16")}
          {...input}
        />
        {end && <div className="absolute inset-y-0 right-1 flex items-center text-12 text-muted">{end}</div>}
      </div>
      {note && (
        <p id={`${id}-note`} className={classes("text-12", error ? "text-failed" : "text-muted")}>
          {note}
        </p>
      )}
    </div>
  );
}
