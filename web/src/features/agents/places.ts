/** The ways from a run to what it is about. */
import type { useNavigate } from "@tanstack/react-router";
import type { Run } from "@/api/types";
import { setLayout } from "@/features/workspace/useLayout";

type Go = ReturnType<typeof useNavigate>;

function open(go: Go, run: Run, replace = false): void {
  void go({
    replace,
    to: "/projects/$projectId",
    params: { projectId: run.project_id },
    search: run.terminal_id ? { terminal: run.terminal_id } : {},
  });
}

/** Brings the terminals of a project into sight. */
export function revealTerminal(projectId: string): void {
  setLayout(projectId, (layout) => ({
    ...layout,
    single: "terminal",
    middle: layout.middle === "editor" ? "both" : layout.middle,
  }));
}

export function showTerminal(go: Go, run: Run): void {
  revealTerminal(run.project_id);
  open(go, run);
}

export function showChanges(go: Go, run: Run): void {
  setLayout(run.project_id, (layout) => ({ ...layout, side: "changes", single: "changes" }));
  open(go, run);
}

/** Its question and what can be said to it, beside its terminal. */
export function showRun(go: Go, run: Run, replace = false): void {
  setLayout(run.project_id, (layout) => ({ ...layout, side: "runs", single: "runs" }));
  open(go, run, replace);
}
