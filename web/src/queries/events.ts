/** What a server-sent event does to the kept answers. Nothing here asks the server. */
import type { QueryClient } from "@tanstack/react-query";
import type { Clone, Notice, Notices, Port, Project, Run, Terminal } from "@/api/types";
import { keys } from "./keys";

export type Signal = {
  terminal_id: string;
  project_id: string;
  kind: "title" | "bell" | "notify";
  text: string;
};

export type ServerEvent =
  | { name: "project.changed"; data: Project }
  | { name: "project.deleted"; data: { id: string } }
  | { name: "project.progress"; data: { id: string; clone: Clone } }
  | { name: "terminal.changed"; data: Terminal }
  | { name: "terminal.signal"; data: Signal }
  | { name: "run.changed"; data: Run }
  | { name: "ports.changed"; data: { project_id: string; ports: Port[] } }
  | { name: "notice.raised"; data: { notice: Notice; unread: number } }
  | { name: "github.changed"; data: object }
  | { name: "account.revoked"; data: object }
  | { name: "reset"; data: object };

export const EVENT_NAMES: readonly ServerEvent["name"][] = [
  "project.changed",
  "project.deleted",
  "project.progress",
  "terminal.changed",
  "terminal.signal",
  "run.changed",
  "ports.changed",
  "notice.raised",
  "github.changed",
  "account.revoked",
  "reset",
];

const awaited = new Set<ServerEvent[]>();

/** An answer may have left before what was heard while it was on its way: that is done to it once more. */
export async function withHeard<Answer>(
  ask: () => Promise<Answer>,
  apply: (answer: Answer, event: ServerEvent) => Answer,
): Promise<Answer> {
  const heard: ServerEvent[] = [];
  awaited.add(heard);
  try {
    let answer: Answer = await ask();
    for (const event of heard) answer = apply(answer, event);
    return answer;
  } finally {
    awaited.delete(heard);
  }
}

export function applyEvent(cache: QueryClient, event: ServerEvent): void {
  for (const heard of awaited) heard.push(event);
  if (event.name === "project.changed") putProject(cache, event.data);
  else if (event.name === "project.deleted") dropProject(cache, event.data.id);
  else if (event.name === "project.progress") putClone(cache, event.data.id, event.data.clone);
  else if (event.name === "terminal.changed") putTerminal(cache, event.data);
  else if (event.name === "terminal.signal") putSignal(cache, event.data);
  else if (event.name === "run.changed") putRun(cache, event.data);
  else if (event.name === "ports.changed")
    cache.setQueryData(keys.ports(event.data.project_id), event.data.ports);
  else if (event.name === "notice.raised") putNotice(cache, event.data.notice, event.data.unread);
  else if (event.name === "github.changed") void cache.invalidateQueries({ queryKey: keys.github });
  else if (event.name === "account.revoked") cache.setQueryData(keys.me, null);
  else void cache.invalidateQueries();
}

/** A run in its place; one that was taken off the board leaves it. */
export function putRun(cache: QueryClient, run: Run): void {
  cache.setQueryData<Run[]>(keys.runs, (list) => list && withRun(list, run));
}

function withRun(list: Run[], run: Run): Run[] {
  if (run.dismissed) return list.filter(({ id }) => id !== run.id);
  const at = list.findIndex(({ id }) => id === run.id);
  if (at < 0) return run.ended_at ? list : [run, ...list];
  return run.version < (list[at]?.version ?? 0) ? list : list.with(at, run);
}

/** What an event does to a list of runs. */
export function heardOfRuns(list: Run[], event: ServerEvent): Run[] {
  if (event.name === "run.changed") return withRun(list, event.data);
  if (event.name === "project.deleted") return list.filter((run) => run.project_id !== event.data.id);
  return list;
}

/** An answer may be older than an event that overtook it. */
function isOlder(next: Project, known: Project | undefined): boolean {
  return known !== undefined && next.version < known.version;
}

export function putProject(cache: QueryClient, project: Project): void {
  const known = cache.getQueryData<Project>(keys.project(project.id));
  if (!isOlder(project, known)) cache.setQueryData(keys.project(project.id), project);
  cache.setQueryData<Project[]>(keys.projects, (list) => list && withProject(list, project));
}

function withProject(list: Project[], project: Project): Project[] {
  const at = list.findIndex((other) => other.id === project.id);
  if (at < 0) return [project, ...list];
  return isOlder(project, list[at]) ? list : list.with(at, project);
}

export function dropProject(cache: QueryClient, id: string): void {
  cache.setQueryData<Project[]>(keys.projects, (list) => list?.filter((project) => project.id !== id));
  cache.setQueryData<Run[]>(keys.runs, (list) => list?.filter((run) => run.project_id !== id));
  cache.removeQueries({ queryKey: keys.project(id) });
  cache.removeQueries({ queryKey: keys.terminals(id) });
  cache.removeQueries({ queryKey: keys.folders(id) });
  cache.removeQueries({ queryKey: keys.ports(id) });
}

function putClone(cache: QueryClient, id: string, clone: Clone): void {
  const withClone = (project: Project): Project => (project.id === id ? { ...project, clone } : project);
  cache.setQueryData<Project>(keys.project(id), (project) => project && withClone(project));
  cache.setQueryData<Project[]>(keys.projects, (list) => list?.map(withClone));
}

/** Keeps tabs in their order; a closed terminal leaves the tabs, and the list of recordings is asked anew. */
export function putTerminal(cache: QueryClient, terminal: Terminal): void {
  cache.setQueryData<Terminal[]>(
    keys.terminals(terminal.project_id),
    (list) => list && withTerminal(list, terminal),
  );
  if (terminal.state === "closed")
    void cache.invalidateQueries({ queryKey: keys.recordings(terminal.project_id) });
}

function withTerminal(list: Terminal[], terminal: Terminal): Terminal[] {
  const others = list.filter((other) => other.id !== terminal.id);
  if (terminal.state === "closed") return others;
  return others.length === list.length
    ? [...list, terminal]
    : list.map((t) => (t.id === terminal.id ? terminal : t));
}

/** A notice is said once, but may come again with a stream that is resumed. */
function putNotice(cache: QueryClient, notice: Notice, unread: number): void {
  cache.setQueryData<Notices>(
    keys.notices,
    (known) => known && { unread, items: [notice, ...known.items.filter(({ id }) => id !== notice.id)] },
  );
}

/** A port that was labelled or opened to others, in its place in the list. */
export function putPort(cache: QueryClient, projectId: string, port: Port): void {
  cache.setQueryData<Port[]>(keys.ports(projectId), (list) =>
    list?.map((other) => (other.port === port.port ? port : other)),
  );
}

function putSignal(cache: QueryClient, signal: Signal): void {
  if (signal.kind !== "title") return;
  cache.setQueryData<Terminal[]>(keys.terminals(signal.project_id), (list) =>
    list?.map((t) => (t.id === signal.terminal_id ? { ...t, title: signal.text } : t)),
  );
}
