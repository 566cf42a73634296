import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { Project } from "@/api/types";
import { useKeepAwake, useRestartProject, useStartProject, useStopProject } from "@/queries/projects";
import { MenuButton } from "@/ui/MenuButton";
import { Awake } from "./Activity";
import { canStart, canStop, holdOf, KEEP_AWAKE_SECONDS } from "./words";

const DeleteProject = lazy(() => import("./DeleteProject"));
const ProjectSettings = lazy(() => import("./ProjectSettings"));
const RestartProject = lazy(() => import("./RestartProject"));

type Shown = "settings" | "delete" | "restart" | null;

/** Everything else that can be done with a project. */
export default function ProjectMenu({
  project,
  label = "Project menu",
}: {
  project: Project;
  label?: string;
}) {
  const navigate = useNavigate();
  const keep = useKeepAwake(project.id);
  const start = useStartProject(project.id);
  const stop = useStopProject(project.id);
  const restart = useRestartProject(project.id);
  const [shown, setShown] = useState<Shown>(null);
  const hold = holdOf(project);
  const close = (): void => setShown(null);
  const toProjects = (): void => void navigate({ to: "/projects" });
  const toRecordings = (): void =>
    void navigate({ to: "/projects/$projectId/recordings", params: { projectId: project.id } });
  const toAccess = (): void =>
    void navigate({ to: "/projects/$projectId/ssh", params: { projectId: project.id } });
  const running = project.status === "running";
  return (
    <>
      <MenuButton
        label={label}
        head={
          running && (
            <p className="border-b border-line px-2 pt-1 pb-1.5 text-12 text-muted empty:hidden lg:hidden">
              <Awake project={project} />
            </p>
          )
        }
        entries={[
          canStop(project) && { icon: "stop", text: "Stop", run: () => stop.mutate(undefined) },
          canStart(project) && { icon: "play", text: "Start", run: () => start.mutate(undefined) },
          { icon: "film", text: "Recordings", run: toRecordings },
          { icon: "plug", text: "SSH access", run: toAccess },
          { icon: "settings", text: "Project settings", run: () => setShown("settings") },
          running && {
            icon: "clock",
            text: hold ? "Stop keeping awake" : "Keep awake for an hour",
            run: () => keep.mutate(hold ? null : KEEP_AWAKE_SECONDS),
          },
          running && { icon: "again", text: "Restart", run: () => setShown("restart") },
          "line",
          { icon: "trash", text: "Delete project", danger: true, run: () => setShown("delete") },
        ]}
      />
      <Suspense>
        {shown === "settings" && <ProjectSettings project={project} close={close} />}
        {shown === "restart" && <RestartProject project={project} restart={restart} close={close} />}
        {shown === "delete" && <DeleteProject project={project} close={close} done={toProjects} />}
      </Suspense>
    </>
  );
}
