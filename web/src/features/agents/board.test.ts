import { describe, expect, test } from "vitest";
import { sampleProject, sampleRun } from "@/api/samples";
import type { Question } from "@/api/types";
import { type Board, boardOf, countOf, filtered, type Item, optionFor } from "./board";

function asked(at: string, text = "Go on?"): Question {
  return { id: `q-${at}`, kind: "question", text, options: [], asked_at: `2026-11-22T${at}:00Z` };
}

const names = (items: Item[]): string[] => items.map(({ run, project }) => run?.id ?? project?.id ?? "");

const parts = (board: Board): Record<string, string[]> =>
  Object.fromEntries(Object.entries(board).map(([part, items]) => [part, names(items)]));

describe("what stands where", () => {
  test("each state has its part, and a project without a run at work rests", () => {
    const board = boardOf(
      [
        sampleRun("asks", { state: "waiting", question: asked("10:00") }),
        sampleRun("works"),
        sampleRun("starts", { state: "starting", created_at: "2026-11-22T10:05:00Z" }),
        sampleRun("fails", { state: "failed" }),
        sampleRun("loops", { state: "stuck", since: "2026-11-22T09:00:00Z" }),
        sampleRun("ends", { state: "done" }),
      ],
      [sampleProject("a", { status: "running" }), sampleProject("b")],
    );
    expect(parts(board)).toEqual({
      waiting: ["asks"],
      working: ["works", "starts"],
      trouble: ["fails", "loops"],
      done: ["ends"],
      rest: ["b"],
    });
  });

  test("a machine that failed is trouble, also beside runs", () => {
    const board = boardOf([sampleRun("r")], [sampleProject("a", { status: "error" })]);
    expect(names(board.trouble)).toEqual(["a"]);
  });

  test("what a person has stopped is at an end, not in trouble", () => {
    const stopped = sampleRun("r", { state: "failed", reason: "stopped", ended_at: "2026-11-22T11:00:00Z" });
    expect(names(boardOf([stopped], []).done)).toEqual(["r"]);
  });

  test("work rests with its machine, but a question stays in sight", () => {
    const paused = sampleRun("works", { reason: "machine_stopped" });
    const asks = sampleRun("asks", { state: "waiting", reason: "machine_stopped", question: asked("10:00") });
    const board = boardOf([paused, asks], [sampleProject("a")]);
    expect(names(board.rest)).toEqual(["works"]);
    expect(names(board.waiting)).toEqual(["asks"]);
  });

  test("runs that have ended leave their project to stand for itself", () => {
    const ended = sampleRun("r", { state: "done", ended_at: "2026-11-22T11:00:00Z" });
    const board = boardOf([ended], [sampleProject("a", { status: "running" })]);
    expect(names(board.rest)).toEqual(["a"]);
  });

  test("a run of a project that is not known stands all the same", () => {
    expect(names(boardOf([sampleRun("r", { project_id: "gone" })], []).working)).toEqual(["r"]);
  });
});

describe("the order", () => {
  test("who has waited longest is first, so that a new question moves no other", () => {
    const late = sampleRun("late", { state: "waiting", question: asked("11:00") });
    const early = sampleRun("early", { state: "waiting", question: asked("10:00") });
    expect(names(boardOf([late, early], []).waiting)).toEqual(["early", "late"]);
  });

  test("what works keeps its place by age, and of what ended the last is first", () => {
    const old = { created_at: "2026-11-22T08:00:00Z", since: "2026-11-22T12:00:00Z" };
    expect(names(boardOf([sampleRun("new"), sampleRun("old", old)], []).working)).toEqual(["old", "new"]);
    const done = [sampleRun("a", { state: "done" }), sampleRun("b", { state: "done", ...old })];
    expect(names(boardOf(done, []).done)).toEqual(["b", "a"]);
  });

  test("projects with a machine come before those without", () => {
    const stopped = sampleProject("stopped", { updated_at: "2026-11-22T12:00:00Z" });
    expect(names(boardOf([], [stopped, sampleProject("runs", { status: "running" })]).rest)).toEqual([
      "runs",
      "stopped",
    ]);
  });
});

describe("the filter", () => {
  const board = boardOf(
    [
      sampleRun("r1", { state: "waiting", question: asked("10:00", "Run the migration?") }),
      sampleRun("r2", { project_id: "b", agent_title: "Codex", prompt: "Fix the links" }),
    ],
    [sampleProject("a", { name: "api" }), sampleProject("b", { name: "docs" }), sampleProject("c")],
  );

  test("shows one part, or what holds every word, in any of a run's texts", () => {
    expect(countOf(filtered(board, "waiting", ""))).toMatchObject({ waiting: 1, working: 0, rest: 0 });
    expect(names(filtered(board, undefined, "MIGRATION api").waiting)).toEqual(["r1"]);
    expect(names(filtered(board, undefined, "codex links").working)).toEqual(["r2"]);
    expect(countOf(filtered(board, undefined, "codex migration"))).toMatchObject({ waiting: 0, working: 0 });
  });

  test("an empty one leaves everything", () => {
    expect(filtered(board, undefined, " ")).toEqual(board);
  });
});

describe("the option that a key means", () => {
  const options = (...labels: string[]) => labels.map((label, at) => ({ id: String(at), label }));
  const three = options("Yes", "Yes, and don't ask again", "No, and tell Claude what to do");

  test("a digit is its place", () => {
    expect(optionFor("2", three)?.id).toBe("1");
    expect(optionFor("4", three)).toBeUndefined();
    expect(optionFor("0", three)).toBeUndefined();
  });

  test("y and n are the plain yes and no, or the only ones of their kind", () => {
    expect(optionFor("y", three)?.id).toBe("0");
    expect(optionFor("n", three)?.id).toBe("2");
    expect(optionFor("y", options("Allow once", "Deny"))).toBeUndefined();
  });

  test("a letter that could mean two of them means none", () => {
    expect(optionFor("y", options("Yes, once", "Yes, always", "No"))).toBeUndefined();
    expect(optionFor("n", options("Yes", "Nothing of the kind"))).toBeUndefined();
  });
});
