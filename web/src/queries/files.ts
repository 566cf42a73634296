/** What lies in a project's folders, and what is done with it. Paths are absolute in the project: "/" is its root. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { address, send, sendForJson } from "@/api/send";
import type { Entry, FileStat, Written } from "@/api/types";
import { keys } from "./keys";

export interface Found {
  path: string;
  /** From 1. */
  line: number;
  column: number;
  /** In characters, as `column`. */
  length: number;
  /** The line the match stands in. */
  text: string;
}

export interface SearchEnd {
  files: number;
  matches: number;
  truncated: boolean;
  engine: string;
  seconds: number;
}

export interface Search {
  q: string;
  regex: boolean;
  matchCase: boolean;
  word: boolean;
  glob: string;
}

export const SEARCH_LIMIT = 2_000;
const NAMES_LIMIT = 20_000;

function base(projectId: string): string {
  return `/api/projects/${encodeURIComponent(projectId)}`;
}

/** The entries of one folder. The watch keeps them fresh, so time alone does not. */
export function folderQuery(projectId: string, path: string) {
  return queryOptions({
    queryKey: keys.folder(projectId, path),
    queryFn: async ({ signal }): Promise<Entry[]> => {
      const query = { path };
      return (await sendForJson<{ items: Entry[] }>(`${base(projectId)}/files`, { query, signal })).items;
    },
  });
}

export function fileUrl(projectId: string, path: string): string {
  return address(`${base(projectId)}/files`, { path, download: 1 });
}

export function archiveUrl(projectId: string, path: string): string {
  return address(`${base(projectId)}/files/archive`, { path });
}

/** Where the bytes of an upload go. */
export function uploadUrl(projectId: string, path: string): string {
  return address(`${base(projectId)}/files`, { path });
}

export function uploadsUrl(projectId: string): string {
  return `${base(projectId)}/files/uploads`;
}

export function statOf(projectId: string, path: string): Promise<FileStat> {
  return sendForJson(`${base(projectId)}/files/stat`, { query: { path } });
}

/** A new empty file; refused with 412 where something stands already. */
export function createFile(projectId: string, path: string): Promise<Written> {
  const headers = { "If-None-Match": "*" };
  return sendForJson(`${base(projectId)}/files`, { method: "PUT", query: { path }, body: "", headers });
}

export function makeFolder(projectId: string, path: string): Promise<Entry> {
  return sendForJson(`${base(projectId)}/files/mkdir`, { method: "POST", json: { path } });
}

export interface Move {
  from: string;
  to: string;
  overwrite?: boolean;
}

export function moveEntry(projectId: string, move: Move): Promise<Entry> {
  return sendForJson(`${base(projectId)}/files/rename`, { method: "POST", json: move });
}

export async function removeEntry(projectId: string, path: string): Promise<void> {
  await send(`${base(projectId)}/files`, { method: "DELETE", query: { path, recursive: true } });
}

/** Every name in the project but what git ignores: at most 20,000. */
export async function allNames(projectId: string, signal: AbortSignal): Promise<string[]> {
  const query = { limit: NAMES_LIMIT };
  return (await sendForJson<{ items: string[] }>(`${base(projectId)}/files/names`, { query, signal })).items;
}

/** Matches as they are found, in the pieces in which they arrive; the answer is how the search ended. */
export async function searchLines(
  projectId: string,
  search: Search,
  signal: AbortSignal,
  found: (matches: Found[]) => void,
): Promise<SearchEnd | null> {
  const { q, regex, matchCase, word, glob } = search;
  const flag = (on: boolean): number => (on ? 1 : 0);
  const query = {
    q,
    regex: flag(regex),
    case: flag(matchCase),
    word: flag(word),
    glob: glob || undefined,
    limit: SEARCH_LIMIT,
  };
  const response = await send(`${base(projectId)}/files/search`, { query, signal });
  let end: SearchEnd | null = null;
  for await (const lines of jsonLines(response.body)) {
    found(lines.filter((line) => line.type === "match") as unknown as Found[]);
    end = (lines.find((line) => line.type === "end") as unknown as SearchEnd | undefined) ?? end;
  }
  return end;
}

type JsonLine = { type: string };

/** The lines of a stream of JSON lines, those of one piece together. */
export async function* jsonLines(body: ReadableStream<Uint8Array> | null): AsyncGenerator<JsonLine[]> {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? (done ? "\n" : ""))).split("\n");
    rest = lines.pop() ?? "";
    const whole = lines.filter(Boolean);
    if (whole.length) yield whole.map((line) => JSON.parse(line) as JsonLine);
    if (done) return;
  }
}

/** Puts an entry into the kept list of its folder, so that it shows before the watch tells of it. */
export function putEntry(cache: QueryClient, projectId: string, entry: Entry): void {
  cache.setQueryData<Entry[]>(
    keys.folder(projectId, folderOf(entry.path)),
    (items) => items && [...items.filter((item) => item.path !== entry.path), entry],
  );
}

/** Takes an entry, and what is kept of its inside, out of the kept lists. */
export function dropEntry(cache: QueryClient, projectId: string, path: string): void {
  cache.setQueryData<Entry[]>(keys.folder(projectId, folderOf(path)), (items) =>
    items?.filter((item) => item.path !== path),
  );
  cache.removeQueries({
    queryKey: keys.folders(projectId),
    predicate: ({ queryKey }) => {
      const kept = String(queryKey[2]);
      return kept === path || kept.startsWith(`${path}/`);
    },
  });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

export function useCreateEntry(projectId: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ path, kind }: { path: string; kind: "file" | "folder" }): Promise<Entry> => {
      if (kind === "folder") return makeFolder(projectId, path);
      await createFile(projectId, path);
      return statOf(projectId, path);
    },
    onSuccess: (entry) => {
      putEntry(cache, projectId, entry);
      void cache.invalidateQueries({ queryKey: keys.folder(projectId, folderOf(entry.path)) });
    },
  });
}

export function useMoveEntries(projectId: string) {
  const cache = useQueryClient();
  return useMutation({
    // One after the other: the second may depend on what the first has made room for.
    mutationFn: async (moves: Move[]): Promise<void> => {
      for (const move of moves) {
        const entry = await moveEntry(projectId, move);
        dropEntry(cache, projectId, move.from);
        putEntry(cache, projectId, entry);
      }
    },
    onSettled: () => void cache.invalidateQueries({ queryKey: keys.folders(projectId) }),
  });
}

export function useRemoveEntries(projectId: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (paths: readonly string[]): Promise<void> => {
      for (const path of paths) {
        await removeEntry(projectId, path);
        dropEntry(cache, projectId, path);
      }
    },
    onSettled: () => void cache.invalidateQueries({ queryKey: keys.folders(projectId) }),
  });
}
