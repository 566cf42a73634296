import type { ComponentProps, ReactNode } from "react";
import { classes } from "./classes";

export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

const BASE =
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md text-13 font-medium whitespace-nowrap select-none transition-colors duration-100 disabled:opacity-50 aria-disabled:opacity-50";

const KINDS: Record<ButtonKind, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent/88",
  plain: "border border-edge bg-surface text-text hover:bg-raised",
  quiet: "text-muted hover:bg-raised hover:text-text aria-expanded:bg-raised aria-expanded:text-text",
  danger: "border border-failed/50 bg-surface text-failed hover:bg-failed-soft",
};

const SIZES = {
  small: "h-6 px-2 touch:h-9 touch:px-3",
  normal: "h-8 px-3 touch:h-10",
  large: "h-10 px-4 text-14",
};

/** The look of a button, for links that act like one. */
export function buttonLook(kind: ButtonKind = "plain", size: keyof typeof SIZES = "normal"): string {
  return classes(BASE, KINDS[kind], SIZES[size]);
}

export interface ButtonProps extends ComponentProps<"button"> {
  kind?: ButtonKind;
  size?: keyof typeof SIZES;
  /** Work is under way: the button stays where it is and takes no further press. */
  busy?: boolean;
  icon?: ReactNode;
}

export function Button({ kind, size, busy, icon, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      className={classes(buttonLook(kind, size), className)}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {icon}
      {children}
    </button>
  );
}

/** A square button with a picture; its label is for those who do not see it, and the hover title. */
export function IconButton({
  label,
  className,
  children,
  ...rest
}: ComponentProps<"button"> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={classes(BASE, KINDS.quiet, "size-7 touch:size-10 [&_svg]:size-4", className)}
      {...rest}
    >
      {children}
    </button>
  );
}
