/** The parts of the board, and in which of them a run stands. Pure, and imports nothing: every page knows them. */
import type { Run } from "@/api/types";

export const PARTS = ["waiting", "working", "trouble", "done", "rest"] as const;

export type Part = (typeof PARTS)[number];

/** True while its machine is stopped: the run goes on when the machine does. */
export function isPaused(run: Run): boolean {
  return !run.ended_at && run.reason === "machine_stopped";
}

export function partOf(run: Run): Part {
  if (run.state === "waiting" && !run.ended_at) return "waiting";
  if (run.state === "failed" || run.state === "stuck") return run.reason === "stopped" ? "done" : "trouble";
  if (run.state === "done" || run.ended_at) return "done";
  return isPaused(run) ? "rest" : "working";
}
