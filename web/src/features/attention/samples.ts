/** Whole shapes for tests, which say only what matters to them. */
import type { AttentionSettings, Notice } from "@/api/types";

export function sampleNotice(id: string, more: Partial<Notice> = {}): Notice {
  return {
    id,
    project_id: "p",
    run_id: "r",
    kind: "waiting",
    title: "Codex asks",
    body: "Run it?",
    path: "/projects/p",
    created_at: "2026-11-22T11:59:58Z",
    read_at: null,
    ...more,
  };
}

export function sampleSettings(more: Partial<AttentionSettings> = {}): AttentionSettings {
  return {
    person_id: "me",
    sound: true,
    push: true,
    mail: false,
    kinds: ["waiting", "failed"],
    quiet_start: null,
    quiet_end: null,
    time_zone: "UTC",
    push_public_key: null,
    ...more,
  };
}
