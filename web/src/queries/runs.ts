/** Agents at work: what they do, what they ask, and what they are told. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { fetchBytes } from "@/api/bytes";
import { answer, api, type idempotencyKey } from "@/api/client";
import { address } from "@/api/send";
import type { MessageRun, Run, Screen, StartRun } from "@/api/types";
import { putRun } from "./events";
import { keys } from "./keys";

type Key = ReturnType<typeof idempotencyKey>;

/** Every page of what has not ended, or ended lately and was not taken off the board. */
async function activeRuns(): Promise<Run[]> {
  const all: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await answer(api.GET("/api/runs", { params: { query: { filter: "active", cursor } } }));
    all.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return all;
}

export const runsQuery = queryOptions({ queryKey: keys.runs, queryFn: activeRuns });

/** The agents that can be started. */
export const catalogQuery = queryOptions({
  queryKey: keys.catalog,
  queryFn: async () => (await answer(api.GET("/api/agents/catalog"))).items,
  staleTime: 10 * 60_000,
});

interface Seen {
  etag: string | null;
  lines: string[];
}

/** The last lines of a terminal. Asked again with what is known, so that an unchanged screen costs nothing. */
export function screenQuery(terminalId: string, lines: number) {
  const url = address(`/api/terminals/${encodeURIComponent(terminalId)}/screen`, { lines });
  return queryOptions({
    queryKey: keys.screen(terminalId),
    queryFn: async ({ client, queryKey, signal }): Promise<Seen> => {
      const known = client.getQueryData<Seen>(queryKey);
      const headers: Record<string, string> = known?.etag ? { "If-None-Match": known.etag } : {};
      const response = await fetchBytes(url, { headers, signal, cache: "no-store" }, [304]);
      if (response.status === 304 && known) return known;
      const screen = (await response.json()) as Screen;
      return { etag: response.headers.get("ETag"), lines: screen.lines };
    },
    staleTime: 0,
    retry: false,
  });
}

function useRunMutation<Given>(send: (given: Given) => Promise<Run>) {
  const cache = useQueryClient();
  return useMutation({ mutationFn: send, onSuccess: (run) => putRun(cache, run) });
}

export function useStartRun() {
  return useRunMutation(({ projectId, body, key }: { projectId: string; body: StartRun; key: Key }) =>
    answer(
      api.POST("/api/projects/{project_id}/runs", {
        body,
        params: { path: { project_id: projectId }, header: key },
      }),
    ),
  );
}

/** Types into a run, or answers its question. The same text with the same key is typed once. */
export function useMessageRun(id: string) {
  return useRunMutation(({ body, key }: { body: MessageRun; key: Key }) =>
    answer(api.POST("/api/runs/{run_id}/message", { body, params: { path: { run_id: id }, header: key } })),
  );
}

export function useStopRun(id: string) {
  return useRunMutation(() =>
    answer(api.POST("/api/runs/{run_id}/stop", { params: { path: { run_id: id } } })),
  );
}

/** Takes an ended run off the board. */
export function useDismissRun(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.DELETE("/api/runs/{run_id}", { params: { path: { run_id: id } } })),
    onSuccess: () => cache.setQueryData<Run[]>(keys.runs, (list) => list?.filter((run) => run.id !== id)),
  });
}

/** Tells that a person sees this very run now, so that nothing else calls them to it. */
export async function lookAt(id: string): Promise<void> {
  await answer(api.POST("/api/runs/{run_id}/look", { params: { path: { run_id: id } } }));
}
