import type { Run } from "@/api/types";
import { classes } from "@/ui/classes";
import { exact } from "@/ui/format";
import { useNow } from "@/ui/now";
import { ShapeMark } from "@/ui/StateMark";
import { lookOf, sinceWords } from "./words";

/** The state of a run by colour, shape and word, and for how long it has been so. */
export function RunMark({ run, className }: { run: Run; className?: string }) {
  const look = lookOf(run);
  return (
    <span className={classes("inline-flex items-center gap-1.5 whitespace-nowrap", look.tone, className)}>
      <ShapeMark shape={look.shape} className={look.lives ? "animate-breathe" : undefined} />
      {look.word}
      <time dateTime={run.since} title={exact(run.since)} className="text-muted">
        {sinceWords(run, useNow())}
      </time>
    </span>
  );
}
