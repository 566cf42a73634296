import { Link } from "@tanstack/react-router";
import type { Project } from "@/api/types";
import { useKeepAwake } from "@/queries/projects";
import { Button, buttonLook } from "@/ui/Button";
import { exact } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { StateMark } from "@/ui/StateMark";
import { Awake } from "./Activity";
import { ProjectMenu } from "./LazyProjectMenu";
import { Switch } from "./Switch";
import { canStop, holdOf, KEEP_AWAKE_SECONDS } from "./words";

/** Which project this is and what its machine does. */
export function WorkspaceFacts({ project }: { project: Project }) {
  return (
    <>
      <h1 className="truncate font-semibold" title={project.repo_url || undefined}>
        {project.name}
      </h1>
      <StateMark status={project.status} />
      {project.status === "running" && (
        <span className="hidden truncate text-12 text-muted lg:inline">
          <Awake project={project} />
        </span>
      )}
    </>
  );
}

export function WorkspaceActions({ project }: { project: Project }) {
  return (
    <>
      <Link
        to="/projects/$projectId/recordings"
        params={{ projectId: project.id }}
        className={`${buttonLook("quiet", "small")} max-xl:hidden`}
      >
        Recordings
      </Link>
      {project.status === "running" && <KeepAwake project={project} />}
      {canStop(project) && (
        <span className="max-sm:hidden">
          <Switch project={project} />
        </span>
      )}
      <ProjectMenu project={project} />
    </>
  );
}

function KeepAwake({ project }: { project: Project }) {
  const keep = useKeepAwake(project.id);
  const hold = holdOf(project);
  const title = hold ? `Kept awake until ${exact(hold.until)}` : "Do not stop for an hour, whatever happens";
  return (
    <Button
      kind="quiet"
      size="small"
      aria-pressed={Boolean(hold)}
      busy={keep.isPending}
      title={title}
      onClick={() => keep.mutate(hold ? null : KEEP_AWAKE_SECONDS)}
      icon={<Icon name="clock" className="size-3.5" />}
      className="aria-pressed:bg-accent-soft aria-pressed:text-accent max-xl:hidden"
    >
      Keep awake
    </Button>
  );
}
