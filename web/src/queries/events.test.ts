import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import { sampleProject as project, sampleRun as run, sampleTerminal } from "@/api/samples";
import type { Port, Project, Run, Terminal } from "@/api/types";
import { applyEvent, heardOfRuns, putPort, putProject, withHeard } from "./events";
import { keys } from "./keys";

let cache: QueryClient;

/** A terminal that is called like its id. */
const terminal = (id: string, more: Partial<Terminal> = {}): Terminal =>
  sampleTerminal(id, { name: id, ...more });

function port(number: number, more: Partial<Port> = {}): Port {
  const url = `http://${number}--web.localhost`;
  const listening = { listening: true, listening_since: "2026-11-22T10:00:00Z" };
  return { port: number, process: "node", label: "", visibility: "private", ...listening, url, ...more };
}

const projects = (): Project[] => cache.getQueryData<Project[]>(keys.projects) ?? [];
const tabs = (): Terminal[] => cache.getQueryData<Terminal[]>(keys.terminals("a")) ?? [];

beforeEach(() => {
  cache = new QueryClient();
  cache.setQueryData(keys.projects, [project("a"), project("b")]);
  cache.setQueryData(keys.project("a"), project("a"));
  cache.setQueryData(keys.terminals("a"), [terminal("t1"), terminal("t2")]);
});

test("a changed project replaces itself in the list and on its own page", () => {
  applyEvent(cache, { name: "project.changed", data: project("a", { status: "running", version: 2 }) });
  expect(projects().map((p) => p.status)).toEqual(["running", "stopped"]);
  expect(cache.getQueryData<Project>(keys.project("a"))?.status).toBe("running");
});

test("a project made elsewhere appears first", () => {
  applyEvent(cache, { name: "project.changed", data: project("c") });
  expect(projects().map((p) => p.id)).toEqual(["c", "a", "b"]);
});

test("an answer that an event has overtaken changes nothing", () => {
  applyEvent(cache, { name: "project.changed", data: project("a", { status: "running", version: 5 }) });
  putProject(cache, project("a", { status: "starting", version: 4 }));
  expect(projects()[0]?.status).toBe("running");
  expect(cache.getQueryData<Project>(keys.project("a"))?.status).toBe("running");
});

test("a deleted project leaves the list and takes its answers with it", () => {
  applyEvent(cache, { name: "project.deleted", data: { id: "a" } });
  expect(projects().map((p) => p.id)).toEqual(["b"]);
  expect(cache.getQueryData(keys.project("a"))).toBeUndefined();
  expect(cache.getQueryData(keys.terminals("a"))).toBeUndefined();
});

test("progress of a clone changes the clone alone", () => {
  const clone = { state: "running", phase: "Receiving objects", percent: 43, message: "" } as const;
  applyEvent(cache, { name: "project.progress", data: { id: "a", clone } });
  expect(projects()[0]).toEqual(project("a", { clone }));
  expect(projects()[1]?.clone.state).toBe("none");
});

test("terminals open, change and close in their places", () => {
  applyEvent(cache, { name: "terminal.changed", data: terminal("t3") });
  applyEvent(cache, { name: "terminal.changed", data: terminal("t1", { name: "build" }) });
  expect(tabs().map((t) => t.name)).toEqual(["build", "t2", "t3"]);
  applyEvent(cache, { name: "terminal.changed", data: terminal("t2", { state: "closed" }) });
  expect(tabs().map((t) => t.id)).toEqual(["t1", "t3"]);
});

test("a title signal renames what the tab says of its program; a bell does not", () => {
  const signal = { terminal_id: "t1", project_id: "a", text: "vim" };
  applyEvent(cache, { name: "terminal.signal", data: { ...signal, kind: "bell" } });
  expect(tabs()[0]?.title).toBe("");
  applyEvent(cache, { name: "terminal.signal", data: { ...signal, kind: "title" } });
  expect(tabs()[0]?.title).toBe("vim");
});

test("ports come and go as a whole, and one that was labelled changes in its place", () => {
  const ports = [port(3000), port(5173)];
  applyEvent(cache, { name: "ports.changed", data: { project_id: "a", ports } });
  putPort(cache, "a", port(5173, { label: "app" }));
  const kept = cache.getQueryData<Port[]>(keys.ports("a")) ?? [];
  expect(kept.map(({ port: number, label }) => [number, label])).toEqual([
    [3000, ""],
    [5173, "app"],
  ]);
});

test("a run changes in its place, a new one comes first, and an older event is ignored", () => {
  const runs = (): Run[] => cache.getQueryData<Run[]>(keys.runs) ?? [];
  cache.setQueryData(keys.runs, [run("r1", { version: 4 }), run("r2")]);
  applyEvent(cache, { name: "run.changed", data: run("r1", { state: "waiting", version: 5 }) });
  applyEvent(cache, { name: "run.changed", data: run("r1", { state: "working", version: 4 }) });
  applyEvent(cache, { name: "run.changed", data: run("r3", { state: "starting" }) });
  expect(runs().map(({ id, state }) => [id, state])).toEqual([
    ["r3", "starting"],
    ["r1", "waiting"],
    ["r2", "working"],
  ]);
});

test("a run that was taken off the board does not come back by a late event, and goes with its project", () => {
  cache.setQueryData(keys.runs, [run("r1"), run("r2", { project_id: "b" }), run("r3")]);
  applyEvent(cache, { name: "run.changed", data: run("r3", { dismissed: true, version: 9 }) });
  applyEvent(cache, { name: "run.changed", data: run("gone", { ended_at: "2026-11-22T11:00:00Z" }) });
  applyEvent(cache, { name: "project.deleted", data: { id: "b" } });
  expect(cache.getQueryData<Run[]>(keys.runs)?.map(({ id }) => id)).toEqual(["r1"]);
});

test("what was heard of runs while their list was on its way is not lost by it", async () => {
  const empty = new QueryClient();
  let answer: (runs: Run[]) => void = () => undefined;
  const listed = withHeard(() => new Promise<Run[]>((resolve) => (answer = resolve)), heardOfRuns);
  applyEvent(empty, { name: "run.changed", data: run("new", { state: "starting" }) });
  applyEvent(empty, { name: "run.changed", data: run("r1", { state: "waiting", version: 5 }) });
  applyEvent(empty, { name: "run.changed", data: run("r2", { state: "waiting", version: 2 }) });
  applyEvent(empty, { name: "run.changed", data: run("r3", { dismissed: true, version: 9 }) });
  applyEvent(empty, { name: "project.deleted", data: { id: "b" } });
  answer([run("r1", { version: 4 }), run("r2", { version: 3 }), run("r3"), run("r4", { project_id: "b" })]);
  expect((await listed).map(({ id, state, version }) => [id, state, version])).toEqual([
    ["new", "starting", 1],
    ["r1", "waiting", 5],
    ["r2", "working", 3],
  ]);
});

test("a list that is asked for later is taken as it is", async () => {
  applyEvent(cache, { name: "run.changed", data: run("gone") });
  expect(await withHeard(async () => [run("r1")], heardOfRuns)).toEqual([run("r1")]);
});

test("events before the first answer make no half list", () => {
  const empty = new QueryClient();
  applyEvent(empty, { name: "project.changed", data: project("a") });
  applyEvent(empty, { name: "terminal.changed", data: terminal("t1") });
  expect(empty.getQueryData(keys.projects)).toBeUndefined();
  expect(empty.getQueryData(keys.terminals("a"))).toBeUndefined();
  applyEvent(empty, { name: "run.changed", data: run("r1") });
  expect(empty.getQueryData(keys.runs)).toBeUndefined();
});

test("a revoked account is signed out, and a reset asks for everything anew", () => {
  cache.setQueryData(keys.me, { id: "me" });
  const invalidate = vi.spyOn(cache, "invalidateQueries");
  applyEvent(cache, { name: "reset", data: {} });
  expect(invalidate).toHaveBeenCalledWith();
  applyEvent(cache, { name: "account.revoked", data: {} });
  expect(cache.getQueryData(keys.me)).toBeNull();
});
