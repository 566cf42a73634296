import { classes } from "@/ui/classes";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { ShapeMark } from "@/ui/StateMark";
import type { LinkView } from "./connection";

/** Who else looks at this terminal. Oneself alone is not worth saying. */
export function Viewers({ link }: { link: LinkView | null }) {
  const others = (link?.viewers.length ?? 0) - 1;
  if (!link || others < 1) return null;
  const names = link.viewers.map((viewer) => viewer.name || "someone").join(", ");
  return (
    <span className="flex items-center gap-1.5 px-1 text-12 text-muted" title={names}>
      <Icon name="eye" className="size-3.5" />
      {plural(others + 1, "watching", "watching")}
      <span className="sr-only">: {names}</span>
    </span>
  );
}

/** The round trip to the terminal and back, by number and colour. */
export function Latency({ link }: { link: LinkView | null }) {
  if (!link || link.phase === "ended") return null;
  const ms = link.phase === "live" ? link.latencyMs : null;
  const words = ms === null ? "Not connected" : `Latency ${Math.round(ms)} ms`;
  return (
    <span
      role="img"
      aria-label={words}
      title={words}
      className="flex items-center sm:min-w-18 justify-end gap-1.5 px-1 text-12 text-muted"
    >
      <span className="max-sm:hidden">{ms === null ? "" : `${Math.round(ms)} ms`}</span>
      <ShapeMark
        shape={ms === null ? "ring" : ms < 300 ? "disc" : "triangle"}
        className={classes("size-2", tone(ms))}
      />
    </span>
  );
}

function tone(ms: number | null): string {
  if (ms === null) return "text-muted";
  return ms < 100 ? "text-done" : "text-waiting";
}
