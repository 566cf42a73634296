import type { Project } from "@/api/types";
import type { useRestartProject } from "@/queries/projects";
import { Confirm } from "@/ui/Dialog";

interface RestartProps {
  project: Project;
  restart: ReturnType<typeof useRestartProject>;
  close: () => void;
}

export default function RestartProject({ project, restart, close }: RestartProps) {
  return (
    <Confirm
      title={`Restart ${project.name}?`}
      verb="Restart"
      busy={restart.isPending}
      error={restart.error}
      confirm={() => restart.mutate(undefined, { onSuccess: close })}
      close={close}
    >
      What runs in its terminals ends. The files stay.
    </Confirm>
  );
}
