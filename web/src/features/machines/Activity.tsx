import type { Clone, Project } from "@/api/types";
import { useNow } from "@/ui/now";
import { ShapeMark } from "@/ui/StateMark";
import { Ago, Until } from "@/ui/Time";
import { awakeSentence, awakeWord, cloneWords, isCloning, lastingReason } from "./words";

/** One line on what the machine does now and what comes next. */
export function Activity({ project }: { project: Project }) {
  if (project.status === "error")
    return (
      <span data-wraps className="line-clamp-2 text-failed" title={project.status_detail}>
        {project.status_detail || "It did not start."}
      </span>
    );
  if (isCloning(project)) return <CloneProgress clone={project.clone} />;
  if (project.status === "starting") return <>{project.status_detail || "Preparing the machine"}</>;
  if (project.status === "stopping") return <>{project.status_detail || "Saving and stopping"}</>;
  if (project.status === "running" && project.clone.state === "failed")
    return (
      <span className="inline-flex items-center gap-1.5 text-waiting" title={cloneWords(project.clone)}>
        <ShapeMark shape="triangle" />
        repository not cloned
      </span>
    );
  if (project.status === "running") return <Awake project={project} />;
  if (!project.machine) return <>never started</>;
  return (
    <>
      stopped <Ago at={project.updated_at} />
    </>
  );
}

/** "stops in 24 min · awake: typing". Empty while the server has not said. */
export function Awake({ project }: { project: Project }) {
  const now = useNow();
  const reason = lastingReason(project.awake_because);
  if (!project.stops_at) return null;
  return (
    <>
      stops <Until at={project.stops_at} />
      {reason && (
        <span title={awakeSentence(project.awake_because, now)} className="in-data-row:max-sm:hidden">
          {" "}
          · awake: {awakeWord(reason)}
        </span>
      )}
    </>
  );
}

export function CloneProgress({ clone }: { clone: Clone }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-2">
      <span className="truncate text-working">{cloneWords(clone)}</span>
      <progress
        aria-label="Clone"
        max={100}
        value={clone.percent ?? undefined}
        className="h-1 w-16 shrink-0 appearance-none overflow-hidden rounded-full bg-raised [&::-moz-progress-bar]:bg-working [&::-webkit-progress-bar]:bg-raised [&::-webkit-progress-value]:bg-working"
      />
    </span>
  );
}
