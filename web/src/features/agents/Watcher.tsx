import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Project, Run } from "@/api/types";
import type { Command } from "@/features/gateway/commands";
import { offerCommands } from "@/features/gateway/offered";
import { projectsQuery } from "@/queries/projects";
import { runsQuery } from "@/queries/runs";
import { announce } from "@/ui/announce";
import { setTitleCount } from "@/ui/title";
import { lookOf, saidOf, taskOf } from "./words";

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
      const said = saidOf(run, nameOf(projects, run));
      if (said) announce(said);
    }
    known.current = now;
  }, [runs, projects]);
  useEffect(() => () => setTitleCount(0), []);
  useEffect(
    () => offerCommands((runs ?? []).map((run) => commandOf(run, nameOf(projects, run)))),
    [runs, projects],
  );
  return null;
}

function nameOf(projects: readonly Project[] | undefined, run: Run): string {
  return projects?.find(({ id }) => id === run.project_id)?.name ?? "a project";
}

/** Each run can be gone to from anywhere. */
function commandOf(run: Run, project: string): Command {
  const task = taskOf(run);
  return {
    id: `run-${run.id}`,
    name: `${run.agent_title} in ${project}`,
    hint: task ? `${lookOf(run).word} · ${task}` : lookOf(run).word,
    icon: "agent",
    run: ({ go }) => go(`/projects/${run.project_id}?run=${run.id}`),
  };
}
