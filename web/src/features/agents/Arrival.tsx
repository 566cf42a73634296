import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { isUntouched, setLayout, useLayout } from "@/features/workspace/useLayout";
import { runsQuery } from "@/queries/runs";
import { terminalsQuery } from "@/queries/terminals";
import { useNarrow } from "@/ui/media";
import { showRun } from "./places";
import { useLooking } from "./useLooking";

/** What a project's page does for runs: a link to one shows it, and the one that is looked at is told so. */
export default function Arrival({ projectId }: { projectId: string }) {
  const { run: wanted, terminal } = useSearch({ from: "/signed-in/projects/$projectId" });
  const navigate = useNavigate();
  const { data: runs } = useQuery(runsQuery);
  const { data: tabs } = useQuery(terminalsQuery(projectId));
  const run = runs?.find(({ id }) => id === wanted);

  useEffect(() => {
    if (run) showRun(navigate, run, true);
  }, [run, navigate]);

  const layout = useLayout(projectId);
  const narrow = useNarrow();
  const seen = narrow ? layout.single === "terminal" : layout.middle !== "editor";
  const open = runs?.filter((one) => one.project_id === projectId && !one.ended_at) ?? [];
  // Without a choice in the address the first tab is what is shown.
  const shown = tabs?.find(({ id }) => id === terminal) ?? tabs?.[0];
  const alone = open.find((one) => one.terminal_id !== null && one.terminal_id === shown?.id);
  const any = open.length > 0;
  useEffect(() => {
    if (any && !narrow && isUntouched(projectId))
      setLayout(projectId, (before) => ({ ...before, side: "runs" }));
  }, [any, narrow, projectId]);
  useLooking(seen ? (alone?.id ?? null) : null);
  return null;
}
