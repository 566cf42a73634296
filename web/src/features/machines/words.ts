/** What a project is doing, in words. Pure. */
import type { AwakeReason, Clone, Project } from "@/api/types";
import { KEEP_AWAKE } from "@/queries/projects";
import { clock } from "@/ui/format";

/** How long the button of this page keeps a machine awake. */
export const KEEP_AWAKE_SECONDS = 3600;

const KINDS = { input: "typing", output: "output" } as const;

/** Why a machine stays awake: "typing", "output", "Codex" for a named hold, "you" for the button of this page. */
export function awakeWord(reason: AwakeReason): string {
  if (reason.kind !== "hold") return KINDS[reason.kind];
  return reason.name === KEEP_AWAKE ? "your request" : reason.name || "a hold";
}

/** "Awake because of typing until 14:05, Codex until 15:00": every reason, for the hover and the narrow. */
export function awakeSentence(reasons: readonly AwakeReason[], now: number): string {
  const parts = reasons.map((reason) => `${awakeWord(reason)} until ${clock(reason.until, now)}`);
  return parts.length ? `Awake because of ${parts.join(", ")}` : "";
}

/** The reason that lasts longest, because it decides. */
export function lastingReason(reasons: readonly AwakeReason[]): AwakeReason | undefined {
  return [...reasons].sort((a, b) => b.until.localeCompare(a.until))[0];
}

export function holdOf(project: Project): AwakeReason | undefined {
  return project.awake_because.find((reason) => reason.kind === "hold" && reason.name === KEEP_AWAKE);
}

/** "Cloning: receiving objects 43 %". */
export function cloneWords(clone: Clone): string {
  if (clone.state === "failed") return clone.message || "The repository could not be cloned.";
  const phase = clone.phase ? `: ${clone.phase.toLowerCase()}` : "";
  const percent = clone.percent === null || clone.percent === undefined ? "" : ` ${clone.percent} %`;
  return `Cloning${phase}${percent}`;
}

export function isCloning(project: Project): boolean {
  return (
    project.clone.state === "running" || (project.clone.state === "pending" && project.status === "starting")
  );
}

export function canStart(project: Project): boolean {
  return project.status === "stopped" || project.status === "error";
}

export function canStop(project: Project): boolean {
  return project.status === "running" || project.status === "starting";
}
