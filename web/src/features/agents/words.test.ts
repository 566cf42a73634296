import { describe, expect, test } from "vitest";
import { sampleRun } from "@/api/samples";
import type { Question } from "@/api/types";
import {
  asksForText,
  lookOf,
  noteOf,
  saidOf,
  sinceWords,
  spent,
  spentInFull,
  takesText,
  taskOf,
  textOf,
} from "./words";

const NOW = Date.parse("2026-11-22T10:14:00Z");
const question: Question = {
  id: "q",
  kind: "question",
  text: "Which one?",
  options: [],
  asked_at: "2026-11-22T10:12:00Z",
};

test("a state is a word, a shape and a tone of its own", () => {
  const states = ["working", "waiting", "done", "failed", "stuck"] as const;
  const looks = states.map((state) => lookOf(sampleRun("r", { state })));
  expect(new Set(looks.map(({ shape }) => shape)).size).toBe(looks.length);
  expect(lookOf(sampleRun("r", { reason: "limited" })).word).toBe("limited");
  expect(lookOf(sampleRun("r", { reason: "machine_stopped" })).word).toBe("paused");
  expect(lookOf(sampleRun("r", { state: "waiting", reason: "machine_stopped" })).word).toBe("waiting");
  expect(lookOf(sampleRun("r", { state: "failed", reason: "stopped" })).word).toBe("stopped");
});

test("minutes and money stand together, from the first work on", () => {
  expect(spent(sampleRun("r"))).toBe("");
  expect(spent(sampleRun("r", { working_seconds: 20, cost_cents: 1 }))).toBe("1 min · $0.01");
  expect(spent(sampleRun("r", { working_seconds: 720, cost_cents: 24 }))).toBe("12 min · $0.24");
  expect(spent(sampleRun("r", { working_seconds: 3900, cost_cents: 1230 }))).toBe("1 h 5 min · $12.30");
});

test("tokens are told where they were counted", () => {
  const run = sampleRun("r", { working_seconds: 720, cost_cents: 24 });
  expect(spentInFull(run)).toBe("12 min of work, $0.24 of machine time");
  expect(spentInFull({ ...run, input_tokens: 41200, output_tokens: 310 })).toContain(
    "41,200 tokens read, 310 written",
  );
});

test("a question waits since it was asked", () => {
  expect(sinceWords(sampleRun("r"), NOW)).toBe("14 min");
  expect(sinceWords(sampleRun("r", { question }), NOW)).toBe("2 min");
});

test("a task is the name it was given, or the first line of what was asked", () => {
  expect(taskOf(sampleRun("r", { prompt: "Fix the test\nand run it", name: "fix" }))).toBe("fix");
  expect(taskOf(sampleRun("r", { prompt: "\n Fix the test \nand run it" }))).toBe("Fix the test");
  expect(taskOf(sampleRun("r", { command: "my-agent --yes" }))).toBe("my-agent --yes");
});

describe("the text that tells most", () => {
  const text = (more: Parameters<typeof sampleRun>[1]): string => textOf(sampleRun("r", more), NOW);

  test("is the question before all else", () => {
    expect(text({ state: "waiting", question, doing: "editing" })).toBe("Which one?");
  });

  test("is when a limit ends, in the reader's time", () => {
    expect(text({ reason: "limited", limited_until: "2026-11-22T03:00:00Z" })).toMatch(
      /^Limited until .*\d\d:\d\d.*\.$/,
    );
  });

  test("is what was said last of what is done, and what is the matter with what is not", () => {
    expect(text({ state: "done", last_message: "All green.", detail: "x" })).toBe("All green.");
    expect(text({ state: "failed", last_message: "…", detail: "The key was refused." })).toBe(
      "The key was refused.",
    );
    expect(text({ doing: "editing a.py" })).toBe("editing a.py");
    expect(text({ state: "starting" })).toBe("Starting");
  });
});

test("what became of an answer is said beside the question that is open again, and once", () => {
  const detail = "Your answer was not typed. The terminal is full.";
  const open = sampleRun("r", { state: "waiting", question, detail });
  expect(noteOf(open)).toBe(detail);
  expect(saidOf(open, "web")).toBe(`Claude Code in web waits for you. ${detail} Which one?`);
  expect(noteOf(sampleRun("r", { state: "done", last_message: "All green.", detail }))).toBe(detail);
  expect(noteOf(sampleRun("r", { state: "done", detail }))).toBe("");
  expect(noteOf(sampleRun("r", { detail }))).toBe("");
  expect(noteOf({ ...open, reason: "machine_stopped" })).toBe("");
});

test("only states that call for a person are said aloud", () => {
  expect(saidOf(sampleRun("r"), "web")).toBe("");
  expect(saidOf(sampleRun("r", { state: "waiting", question }), "web")).toBe(
    "Claude Code in web waits for you. Which one?",
  );
});

test("text is taken where there is an agent to read it", () => {
  expect(takesText(sampleRun("r"))).toBe(true);
  expect(takesText(sampleRun("r", { state: "starting" }))).toBe(false);
  expect(takesText(sampleRun("r", { reason: "machine_stopped" }))).toBe(false);
  expect(takesText(sampleRun("r", { ended_at: "2026-11-22T10:00:00Z" }))).toBe(false);
  expect(takesText(sampleRun("r", { state: "failed", ended_at: "2026-11-22T10:00:00Z" }), true)).toBe(true);
  expect(takesText(sampleRun("r", { ended_at: "2026-11-22T10:00:00Z", terminal_id: null }), true)).toBe(
    false,
  );
  expect(asksForText(sampleRun("r"))).toBe(false);
  expect(asksForText(sampleRun("r", { state: "done" }))).toBe(true);
  const ended = sampleRun("r", { state: "done", ended_at: "2026-11-22T10:00:00Z" });
  expect(asksForText(ended, true)).toBe(true);
  expect(asksForText({ ...ended, reason: "stopped" }, true)).toBe(false);
});
