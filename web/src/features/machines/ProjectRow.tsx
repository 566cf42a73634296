import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Project } from "@/api/types";
import { FailureLine } from "@/ui/Failure";
import { repoName } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { StateMark } from "@/ui/StateMark";
import { Activity } from "./Activity";
import { ProjectMenu } from "./LazyProjectMenu";
import { Switch } from "./Switch";

/** One project as a line of the dashboard; two lines on a phone. */
export function ProjectRow({ project }: { project: Project }) {
  const [refusal, setRefusal] = useState<unknown>(null);
  return (
    <li
      data-row
      className="group relative grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 md:gap-x-4 border-b border-line px-4 py-1.5 md:py-[3px] has-[[data-open]:focus-visible]:bg-raised hover:bg-surface md:min-h-8 md:touch:min-h-10 md:grid-cols-[9.25rem_minmax(8rem,14rem)_minmax(6rem,1fr)_minmax(10rem,1.4fr)_auto]"
    >
      <StateMark
        status={project.status}
        className="order-2 col-start-1 row-start-2 md:order-none md:col-start-auto md:row-start-auto"
      />
      <Link
        data-open
        to="/projects/$projectId"
        params={{ projectId: project.id }}
        className="order-1 col-span-2 truncate text-14 font-medium md:col-span-1 after:absolute after:inset-0 md:order-none md:text-13"
      >
        {project.name}
      </Link>
      <span className="hidden min-w-0 items-center gap-1.5 text-muted md:flex">
        {project.repo_url ? <Source project={project} /> : <span>empty</span>}
      </span>
      <span className="order-3 col-start-2 row-start-2 min-w-0 truncate text-muted md:row-start-auto has-[[data-wraps]]:whitespace-normal md:order-none md:col-start-auto">
        <Activity project={project} />
      </span>
      <span className="relative order-1 row-span-2 flex items-center justify-end gap-1 md:order-none md:row-span-1">
        <Switch project={project} refused={setRefusal} />
        <ProjectMenu project={project} label={`Menu of ${project.name}`} />
      </span>
      {refusal !== null && (
        <div className="relative order-4 col-span-full py-1">
          <FailureLine error={refusal} />
        </div>
      )}
    </li>
  );
}

function Source({ project }: { project: Project }) {
  return (
    <>
      <Icon name="branch" className="size-3.5" />
      <span className="truncate" title={project.repo_url}>
        {repoName(project.repo_url)}
        {project.branch && <span> · {project.branch}</span>}
      </span>
    </>
  );
}
