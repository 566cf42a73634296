import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { Project } from "@/api/types";
import { useKeepAwake, useRestartProject } from "@/queries/projects";
import { buttonLook } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Menu, MenuItem, MenuLine } from "@/ui/Menu";
import { KEEP_AWAKE_SECONDS } from "./WorkspaceBar";
import { holdOf } from "./words";

const DeleteProject = lazy(() => import("./DeleteProject"));
const ProjectSettings = lazy(() => import("./ProjectSettings"));
const RestartProject = lazy(() => import("./RestartProject"));

type Shown = "settings" | "delete" | "restart" | null;

/** Everything else that can be done with a project. */
export function ProjectMenu({ project }: { project: Project }) {
  const navigate = useNavigate();
  const keep = useKeepAwake(project.id);
  const restart = useRestartProject(project.id);
  const [shown, setShown] = useState<Shown>(null);
  const hold = holdOf(project);
  const close = (): void => setShown(null);
  const running = project.status === "running";
  return (
    <>
      <Menu
        label="Project menu"
        face={<Icon name="more" />}
        look={`${buttonLook("quiet", "small")} w-7 px-0 touch:w-10`}
      >
        <MenuItem
          icon="film"
          onClick={() =>
            void navigate({ to: "/projects/$projectId/recordings", params: { projectId: project.id } })
          }
        >
          Recordings
        </MenuItem>
        <MenuItem icon="settings" onClick={() => setShown("settings")}>
          Project settings
        </MenuItem>
        {running && (
          <MenuItem icon="clock" onClick={() => keep.mutate(hold ? null : KEEP_AWAKE_SECONDS)}>
            {hold ? "Stop keeping awake" : "Keep awake for an hour"}
          </MenuItem>
        )}
        {running && (
          <MenuItem icon="again" onClick={() => setShown("restart")}>
            Restart
          </MenuItem>
        )}
        <MenuLine />
        <MenuItem icon="trash" danger onClick={() => setShown("delete")}>
          Delete project
        </MenuItem>
      </Menu>
      <Suspense>
        {shown === "settings" && <ProjectSettings project={project} close={close} />}
        {shown === "restart" && <RestartProject project={project} restart={restart} close={close} />}
        {shown === "delete" && (
          <DeleteProject project={project} close={close} done={() => void navigate({ to: "/projects" })} />
        )}
      </Suspense>
    </>
  );
}
