import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Run } from "@/api/types";
import { screenQuery } from "@/queries/screens";
import { classes } from "@/ui/classes";
import { revealTerminal } from "./places";
import { lastLines } from "./preview";

// Enough to find five lines with something in them above a program's own input box.
const ASKED_LINES = 24;
const SHOWN_LINES = 5;
const WHILE_IT_WORKS_MS = 2_000;
const WHILE_IT_RESTS_MS = 10_000;

/** The last lines of a run's terminal, live while they are in sight, and the way to it. */
export function ScreenPreview({ run, className }: { run: Run; className?: string }) {
  const [place, visible] = useInSight();
  const terminal = run.terminal_id ?? "";
  const works = run.state === "working" || run.state === "starting" || run.state === "stuck";
  const query = useQuery({
    ...screenQuery(terminal, ASKED_LINES),
    enabled: visible && terminal !== "",
    refetchInterval: works ? WHILE_IT_WORKS_MS : WHILE_IT_RESTS_MS,
  });
  const lines = lastLines(query.data?.lines ?? [], SHOWN_LINES);
  return (
    <Link
      ref={place}
      to="/projects/$projectId"
      params={{ projectId: run.project_id }}
      search={{ terminal }}
      aria-label={`Open the terminal of ${run.agent_title}`}
      title="Open the terminal"
      onClick={() => revealTerminal(run.project_id)}
      className={classes(
        "relative block h-24 overflow-hidden rounded-md border border-line bg-screen px-2.5 py-1.5 hover:border-edge",
        className,
      )}
    >
      <pre
        aria-hidden="true"
        data-testid="screen-preview"
        className="font-mono text-12 whitespace-pre text-muted"
      >
        {query.error && !query.data ? "The terminal does not answer." : lines.join("\n")}
      </pre>
    </Link>
  );
}

/** True while any of it is on the screen, so that what nobody sees is not asked for. */
function useInSight(): [React.RefObject<HTMLAnchorElement | null>, boolean] {
  const place = useRef<HTMLAnchorElement>(null);
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(([entry]) => setVisible(entry?.isIntersecting ?? false));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return [place, visible];
}
