import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { projectsQuery } from "@/queries/projects";
import { runsQuery } from "@/queries/runs";
import { announce } from "@/ui/announce";
import { setTitleCount } from "@/ui/title";
import { saidOf } from "./words";

/** On every page: the count of those that wait in the title, and a sentence for each run that comes to a new state. */
export default function Watcher() {
  const { data: runs } = useQuery(runsQuery);
  const { data: projects } = useQuery(projectsQuery);
  const known = useRef<Map<string, string> | null>(null);
  useEffect(() => {
    if (!runs) return;
    setTitleCount(runs.filter((run) => run.state === "waiting" && !run.ended_at).length);
    const now = new Map(runs.map((run) => [run.id, run.question?.id ?? run.state]));
    for (const run of runs) {
      // What was so when the page came is shown, not said.
      if (!known.current || known.current.get(run.id) === now.get(run.id)) continue;
      const said = saidOf(run, projects?.find(({ id }) => id === run.project_id)?.name ?? "a project");
      if (said) announce(said);
    }
    known.current = now;
  }, [runs, projects]);
  useEffect(() => () => setTitleCount(0), []);
  return null;
}
