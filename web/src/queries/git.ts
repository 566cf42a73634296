/** What the work tree of a project is against HEAD. */
import { queryOptions } from "@tanstack/react-query";
import { fetchBytes } from "@/api/bytes";
import { problemFrom } from "@/api/problem";
import { keys } from "./keys";

export type ChangeKind =
  | "modified"
  | "added"
  | "deleted"
  | "renamed"
  | "untracked"
  | "conflicted"
  | "type_changed";

export interface Change {
  /** Absolute within the project: "/src/a.ts". */
  path: string;
  kind: ChangeKind;
  /** Where a renamed file was. */
  from?: string;
  staged: boolean;
  /** Lines; absent where nobody counted, as in a binary file. */
  added?: number;
  removed?: number;
}

export interface GitStatus {
  repository: boolean;
  branch: string;
  /** The commit; "" before the first. */
  head: string;
  ahead: number;
  behind: number;
  items: Change[];
  truncated: boolean;
}

export interface BlameLine {
  /** Null for a line that is not committed; then nobody and no time is known. */
  commit: string | null;
  author: string;
  at: string | null;
  summary: string;
  /** From 1. */
  line: number;
}

const KINDS: readonly string[] = [
  "modified",
  "added",
  "deleted",
  "renamed",
  "untracked",
  "conflicted",
  "type_changed",
];

/** The letter a change is marked with, as in git's own short status; U is what git does not know yet. */
export const CHANGE_LETTERS: Record<ChangeKind, string> = {
  modified: "M",
  added: "A",
  deleted: "D",
  renamed: "R",
  untracked: "U",
  conflicted: "C",
  type_changed: "T",
};

type Answer = Partial<Omit<GitStatus, "items">> & { items?: Record<string, unknown>[] };

/** The answer of `git/status` with every part in its place, sorted by path. */
export function statusFrom(answer: Answer): GitStatus {
  const items = (answer.items ?? []).map(changeFrom).sort((a, b) => a.path.localeCompare(b.path));
  return {
    repository: answer.repository ?? false,
    branch: answer.branch ?? "",
    head: answer.head ?? "",
    ahead: answer.ahead ?? 0,
    behind: answer.behind ?? 0,
    items,
    truncated: answer.truncated ?? false,
  };
}

function changeFrom(item: Record<string, unknown>): Change {
  const kind = KINDS.includes(String(item.status)) ? (item.status as ChangeKind) : "modified";
  return {
    path: rooted(item.path),
    kind,
    from: item.from ? rooted(item.from) : undefined,
    staged: item.staged === true,
    added: count(item.added),
    removed: count(item.removed),
  };
}

function rooted(path: unknown): string {
  const text = String(path ?? "");
  return text.startsWith("/") ? text : `/${text}`;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The sum of the lines, over the files somebody counted. */
export function totals(items: readonly Change[]): { added: number; removed: number } {
  return items.reduce(
    (sum, item) => ({
      added: sum.added + (item.added ?? 0),
      removed: sum.removed + (item.removed ?? 0),
    }),
    { added: 0, removed: 0 },
  );
}

function gitUrl(projectId: string, tail: string, path?: string): string {
  const query = path === undefined ? "" : `?path=${encodeURIComponent(path)}`;
  return `/api/projects/${encodeURIComponent(projectId)}/git/${tail}${query}`;
}

export function gitStatusQuery(projectId: string) {
  return queryOptions({
    queryKey: keys.gitStatus(projectId),
    queryFn: async ({ signal }): Promise<GitStatus> =>
      statusFrom((await (await fetchBytes(gitUrl(projectId, "status"), { signal })).json()) as Answer),
    staleTime: 2_000,
  });
}

/** The patch of one file against HEAD; "" when there is none. */
export function gitDiffQuery(projectId: string, path: string) {
  return queryOptions({
    queryKey: keys.gitDiff(projectId, path),
    queryFn: async ({ signal }): Promise<string> =>
      (await fetchBytes(gitUrl(projectId, "diff", path), { signal })).text(),
    staleTime: 0,
    gcTime: 30_000,
  });
}

/** The bytes of a file in HEAD; null where HEAD has none. */
export function headFileQuery(projectId: string, path: string) {
  return queryOptions({
    queryKey: keys.headFile(projectId, path),
    queryFn: async ({ signal }): Promise<Uint8Array | null> => {
      const response = await fetchBytes(gitUrl(projectId, "file", path), { signal }, [404]);
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      const refusal = await problemFrom(response, "");
      if (refusal.problem.type.endsWith("not-in-head")) return null;
      throw refusal;
    },
    staleTime: 0,
    gcTime: 0,
  });
}

export function blameQuery(projectId: string, path: string) {
  return queryOptions({
    queryKey: keys.blame(projectId, path),
    queryFn: async ({ signal }): Promise<BlameLine[]> => {
      const answer = await (await fetchBytes(gitUrl(projectId, "blame", path), { signal })).json();
      return (answer as { lines?: BlameLine[] }).lines ?? [];
    },
    staleTime: 0,
    gcTime: 0,
  });
}
