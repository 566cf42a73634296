/** What is done to runs. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api, type idempotencyKey } from "@/api/client";
import type { MessageRun, Run, StartRun } from "@/api/types";
import { putRun } from "./events";
import { keys } from "./keys";

type Key = ReturnType<typeof idempotencyKey>;

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
