import { useEffect } from "react";
import { asApiError } from "@/api/problem";
import type { Project } from "@/api/types";
import { useStartProject, useStopProject } from "@/queries/projects";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { canStart, canStop } from "./words";

interface SwitchProps {
  project: Project;
  size?: "small" | "normal" | "large";
  /** What to do with a refusal, where there is room to show it. */
  refused?: (error: unknown) => void;
}

/** Start or stop, whichever is possible; the same place and width in every state. */
export function Switch({ project, size = "small", refused }: SwitchProps) {
  const start = useStartProject(project.id);
  const stop = useStopProject(project.id);
  const error = start.error ?? stop.error;
  useEffect(() => {
    if (!error) return;
    announce(asApiError(error).message);
    refused?.(error);
  }, [error, refused]);
  if (canStop(project)) {
    return (
      <Button
        size={size}
        className="min-w-18"
        busy={stop.isPending}
        aria-label={`Stop ${project.name}`}
        onClick={() => stop.mutate(undefined)}
        icon={<Icon name="stop" className="size-3.5" />}
      >
        Stop
      </Button>
    );
  }
  return (
    <Button
      size={size}
      className="min-w-18"
      kind={size === "large" ? "primary" : "plain"}
      busy={start.isPending || !canStart(project)}
      aria-label={`Start ${project.name}`}
      onClick={() => start.mutate(undefined)}
      icon={<Icon name="play" className="size-3.5" />}
    >
      Start
    </Button>
  );
}
