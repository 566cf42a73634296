import type { Project } from "@/api/types";
import { useDeleteProject } from "@/queries/projects";
import { announce } from "@/ui/announce";
import { Confirm } from "@/ui/Dialog";

interface DeleteProps {
  project: Project;
  close: () => void;
  /** After it is gone. */
  done?: () => void;
}

export default function DeleteProject({ project, close, done }: DeleteProps) {
  const remove = useDeleteProject(project.id);
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        announce(`${project.name} was deleted.`);
        close();
        done?.();
      },
    });
  return (
    <Confirm
      title={`Delete ${project.name}?`}
      verb="Delete project"
      busy={remove.isPending}
      error={remove.error}
      confirm={confirm}
      close={close}
    >
      Its machine, every file in it and its recordings are removed. What was not pushed elsewhere is lost.
    </Confirm>
  );
}
