import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Run } from "@/api/types";
import { runsQuery } from "@/queries/runs";

/** The runs of a project: those at work first, the newest first of each. Empty while they are not known. */
export function useProjectRuns(projectId: string): Run[] {
  const { data } = useQuery(runsQuery);
  return useMemo(() => inOrder(data?.filter((run) => run.project_id === projectId) ?? []), [data, projectId]);
}

function inOrder(runs: Run[]): Run[] {
  const rank = (run: Run): number => (run.ended_at ? 2 : run.state === "waiting" ? 0 : 1);
  return runs.sort((a, b) => rank(a) - rank(b) || b.created_at.localeCompare(a.created_at));
}
