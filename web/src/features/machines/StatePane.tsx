import type { ReactNode } from "react";
import type { Project } from "@/api/types";
import { repoName } from "@/ui/format";
import { ShellHint } from "@/ui/ShellHint";
import { type Shape, ShapeMark } from "@/ui/StateMark";
import { Ago } from "@/ui/Time";
import { CloneProgress } from "./Activity";
import { Switch } from "./Switch";
import { canStart, isCloning } from "./words";

/** What stands where the terminal would, while the machine does not run. */
export function StatePane({ project }: { project: Project }) {
  if (project.status === "error") {
    return (
      <Pane shape="cross" tone="text-failed" title="The machine did not start">
        <p className="max-w-prose text-muted">{project.status_detail || "The provider gave no reason."}</p>
        <Switch project={project} size="large" />
        <p className="text-12 text-muted">The files are safe: they live on the volume, not in the machine.</p>
      </Pane>
    );
  }
  if (project.status === "starting" || project.status === "running") {
    return (
      <Pane shape="half" tone="animate-breathe text-working" title="Starting the machine">
        <p className="text-muted">
          {isCloning(project) ? (
            <CloneProgress clone={project.clone} />
          ) : (
            project.status_detail || "A second or two."
          )}
        </p>
      </Pane>
    );
  }
  if (project.status === "stopping") {
    return (
      <Pane shape="half" tone="animate-breathe text-muted" title="Stopping the machine">
        <p className="text-muted">{project.status_detail || "The files stay on the volume."}</p>
      </Pane>
    );
  }
  return <Stopped project={project} />;
}

function Stopped({ project }: { project: Project }) {
  const first = !project.machine;
  return (
    <Pane
      shape="ring"
      tone="text-muted"
      title={first ? "Ready for its first start" : "The machine is stopped"}
    >
      <p className="max-w-prose text-muted text-balance">
        {first ? (
          firstStart(project)
        ) : (
          <>
            Stopped <Ago at={project.updated_at} />
            {project.status_detail ? `: ${project.status_detail}` : ""}. Nothing is lost; the files wait on
            the volume.
          </>
        )}
      </p>
      <Switch project={project} size="large" />
      <ShellHint command={`aether projects start ${project.slug}`} />
    </Pane>
  );
}

function firstStart(project: Project): string {
  if (!project.repo_url) return "It opens in an empty folder.";
  return `${repoName(project.repo_url)} is cloned into ~/workspace first.`;
}

function Pane({
  shape,
  tone,
  title,
  children,
}: {
  shape: Shape;
  tone: string;
  title: string;
  children: ReactNode;
}) {
  return (
    <section
      aria-label={title}
      className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)] content-center justify-items-center gap-4 overflow-auto bg-screen p-6 text-center"
    >
      <h2 className="flex items-center gap-2.5 text-20 font-semibold tracking-tight">
        <ShapeMark shape={shape} className={`size-3 ${tone}`} />
        {title}
      </h2>
      {children}
    </section>
  );
}

/** A line over terminals that stay readable: the machine went away under them, or the clone failed. */
export function StateBand({ project }: { project: Project }) {
  if (project.status === "running") return <CloneBand project={project} />;
  const failed = project.status === "error";
  const words = failed ? project.status_detail || "The machine failed." : `The machine is ${project.status}.`;
  return (
    <Band tone={failed ? "text-failed" : "text-muted"} shape={failed ? "cross" : "ring"}>
      {words}
      {canStart(project) && <Switch project={project} />}
    </Band>
  );
}

function CloneBand({ project }: { project: Project }) {
  if (project.clone.state === "failed") {
    return (
      <Band tone="text-waiting" shape="triangle">
        The repository was not cloned. {project.clone.message} The machine works: clone it by hand, or create
        the project anew with the right address.
      </Band>
    );
  }
  if (!isCloning(project)) return null;
  return (
    <Band tone="animate-breathe text-working" shape="half">
      <CloneProgress clone={project.clone} />
    </Band>
  );
}

function Band({ tone, shape, children }: { tone: string; shape: Shape; children: ReactNode }) {
  return (
    <div role="status" className="flex min-h-8 items-center gap-2 border-b border-line bg-surface px-4 py-1">
      <ShapeMark shape={shape} className={tone} />
      <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 break-words">{children}</span>
    </div>
  );
}
