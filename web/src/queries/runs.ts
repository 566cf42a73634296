/** Agents at work, and those that can be set to work. */
import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import type { Run } from "@/api/types";
import { heardOfRuns, withHeard } from "./events";
import { keys } from "./keys";

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

export const runsQuery = queryOptions({
  queryKey: keys.runs,
  queryFn: () => withHeard(activeRuns, heardOfRuns),
});

/** The agents that can be started. */
export const catalogQuery = queryOptions({
  queryKey: keys.catalog,
  queryFn: async () => (await answer(api.GET("/api/agents/catalog"))).items,
  staleTime: 10 * 60_000,
});
