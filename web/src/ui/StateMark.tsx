import type { ProjectStatus } from "@/api/types";
import { classes } from "./classes";

/** A state is a colour, a shape and a word; the shape alone tells them apart in grey. */
export type Shape = "disc" | "half" | "ring" | "cross" | "triangle" | "check" | "square" | "bars";

const SHAPES: Record<Shape, React.ReactNode> = {
  disc: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  half: (
    <>
      <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.3" />
      <path d="M5 1.6a3.4 3.4 0 0 0 0 6.8Z" fill="currentColor" />
    </>
  ),
  ring: <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.3" />,
  cross: <path d="m2 2 6 6M8 2 2 8" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  triangle: <path d="M5 1.2 9.2 8.8H.8Z" fill="currentColor" />,
  check: <path d="m1.4 5.4 2.4 2.4 4.8-5.4" stroke="currentColor" strokeWidth="2" fill="none" />,
  square: <rect x="1.5" y="1.5" width="7" height="7" fill="currentColor" />,
  bars: <path d="M3 1.5v7M7 1.5v7" stroke="currentColor" strokeWidth="2.2" />,
};

const STATES: Record<ProjectStatus, { shape: Shape; tone: string; word: string; lives?: boolean }> = {
  running: { shape: "disc", tone: "text-done", word: "running" },
  starting: { shape: "half", tone: "text-working", word: "starting", lives: true },
  stopping: { shape: "half", tone: "text-muted", word: "stopping", lives: true },
  stopped: { shape: "ring", tone: "text-muted", word: "stopped" },
  error: { shape: "cross", tone: "text-failed", word: "failed" },
};

export function ShapeMark({ shape, className }: { shape: Shape; className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 10 10" className={classes("size-2.5 shrink-0", className)}>
      {SHAPES[shape]}
    </svg>
  );
}

export function StateMark({ status, className }: { status: ProjectStatus; className?: string }) {
  const state = STATES[status];
  return (
    <span className={classes("inline-flex items-center gap-1.5 whitespace-nowrap", state.tone, className)}>
      <ShapeMark shape={state.shape} className={state.lives ? "animate-breathe" : undefined} />
      {state.word}
    </span>
  );
}

export function stateWord(status: ProjectStatus): string {
  return STATES[status].word;
}
