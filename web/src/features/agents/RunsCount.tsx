import { useProjectRuns } from "./useProjectRuns";

/** How many agents are at work here; how many of them wait stands out. */
export default function RunsCount({ projectId }: { projectId: string }) {
  const open = useProjectRuns(projectId).filter((run) => !run.ended_at);
  const waiting = open.filter((run) => run.state === "waiting").length;
  if (!open.length) return null;
  return (
    <span data-number className={waiting ? "text-12 font-medium text-waiting" : "text-12 text-muted"}>
      {waiting || open.length}
      <span className="sr-only">{waiting ? " waiting for you" : " at work"}</span>
    </span>
  );
}
