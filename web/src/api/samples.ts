/** Whole shapes for tests, which say only what matters to them. */
import type { Project, Run, Terminal } from "./types";

export function sampleProject(id: string, more: Partial<Project> = {}): Project {
  return {
    id,
    name: id,
    slug: id,
    status: "stopped",
    status_detail: "",
    repo_url: "",
    branch: "",
    provider: "local",
    size: "small",
    idle_minutes: 30,
    recording: true,
    machine: null,
    awake_because: [],
    stops_at: null,
    clone: { state: "none", phase: "", percent: null, message: "" },
    limits: { memory_mb: 1024, pids: 256, disk_mb: 4096 },
    version: 1,
    created_at: "2026-11-22T10:00:00Z",
    updated_at: "2026-11-22T10:00:00Z",
    ...more,
  };
}

export function sampleTerminal(id: string, more: Partial<Terminal> = {}): Terminal {
  return {
    id,
    project_id: "a",
    name: "",
    title: "",
    command: "",
    cols: 80,
    rows: 24,
    state: "open",
    exit_code: null,
    viewers: 0,
    recorded: true,
    created_at: "2026-11-22T10:00:00Z",
    closed_at: null,
    ...more,
  };
}

export function sampleRun(id: string, more: Partial<Run> = {}): Run {
  return {
    id,
    project_id: "a",
    person_id: "p",
    agent: "claude-code",
    agent_title: "Claude Code",
    name: "",
    prompt: "",
    command: "",
    state: "working",
    detail: "",
    reason: "",
    limited_until: null,
    doing: "",
    question: null,
    last_message: "",
    since: "2026-11-22T10:00:00Z",
    terminal_id: "t1",
    restarts: 0,
    working_seconds: 0,
    cost_cents: 0,
    input_tokens: 0,
    output_tokens: 0,
    version: 1,
    created_at: "2026-11-22T10:00:00Z",
    ended_at: null,
    dismissed: false,
    ...more,
  };
}
