import { expect, test } from "vitest";
import type { AttentionSettings, Notice } from "@/api/types";
import { manner } from "./manner";

const NOW = new Date("2026-11-22T12:00:00Z");

const notice = (more: Partial<Notice> = {}): Notice => ({
  id: "n",
  project_id: "p",
  run_id: "r",
  kind: "waiting",
  title: "Codex asks",
  body: "Run it?",
  path: "/projects/p",
  created_at: "2026-11-22T11:59:58Z",
  read_at: null,
  ...more,
});

const settings = (more: Partial<AttentionSettings> = {}): AttentionSettings => ({
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
});

const BOTH = { sound: true, notification: true };
const NONE = { sound: false, notification: false };

test.each([
  ["a question", notice(), settings(), false, BOTH],
  ["a question to a page that has the focus", notice(), settings(), true, { ...BOTH, notification: false }],
  [
    "a question to one who wants no sound",
    notice(),
    settings({ sound: false }),
    false,
    { ...BOTH, sound: false },
  ],
  [
    "a question to one who wants no notifications",
    notice(),
    settings({ push: false }),
    false,
    { ...BOTH, notification: false },
  ],
  ["what a page looks at already", notice({ read_at: "2026-11-22T11:59:59Z" }), settings(), false, NONE],
  ["a kind that is not wanted", notice({ kind: "done" }), settings(), false, NONE],
  ["quiet hours", notice(), settings({ quiet_start: "11:00", quiet_end: "13:00" }), false, NONE],
  [
    "what a resumed stream tells of late",
    notice({ created_at: "2026-11-22T11:50:00Z" }),
    settings(),
    false,
    NONE,
  ],
] as const)("%s", (_what, given, wanted, watched, how) =>
  expect(manner(given, wanted, NOW, watched)).toEqual(how),
);
