import { expect, test } from "vitest";
import { manner } from "./manner";
import { sampleNotice, sampleSettings } from "./samples";

const NOW = new Date("2026-11-22T12:00:00Z");

const BOTH = { sound: true, notification: true };
const NONE = { sound: false, notification: false };

const notice = sampleNotice("n");
const settings = sampleSettings();

test.each([
  ["a question", notice, settings, BOTH],
  [
    "a question to one who wants no sound",
    notice,
    sampleSettings({ sound: false }),
    { ...BOTH, sound: false },
  ],
  [
    "a question to one who wants no notifications",
    notice,
    sampleSettings({ push: false }),
    { ...BOTH, notification: false },
  ],
  ["what a page looks at already", sampleNotice("n", { read_at: "2026-11-22T11:59:59Z" }), settings, NONE],
  ["a kind that is not wanted", sampleNotice("n", { kind: "done" }), settings, NONE],
  ["quiet hours", notice, sampleSettings({ quiet_start: "11:00", quiet_end: "13:00" }), NONE],
  [
    "what a resumed stream tells of late",
    sampleNotice("n", { created_at: "2026-11-22T11:50:00Z" }),
    settings,
    NONE,
  ],
] as const)("%s", (_what, given, wanted, how) => expect(manner(given, wanted, NOW)).toEqual(how));
