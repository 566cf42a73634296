import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api, idempotencyKey } from "@/api/client";
import type { Terminal } from "@/api/types";
import { putTerminal } from "./events";
import { keys } from "./keys";

/** Open terminals of a project, oldest first, as the tabs stand. */
export function terminalsQuery(projectId: string) {
  return queryOptions({
    queryKey: keys.terminals(projectId),
    queryFn: async (): Promise<Terminal[]> => {
      const params = { path: { project_id: projectId } };
      const page = await answer(api.GET("/api/projects/{project_id}/terminals", { params }));
      return page.items.filter((terminal) => terminal.state === "open").sort(byAge);
    },
  });
}

/** Every terminal of a project that has a recording, newest first, closed ones too. */
export function recordingsQuery(projectId: string) {
  return queryOptions({
    queryKey: keys.recordings(projectId),
    queryFn: async (): Promise<Terminal[]> => {
      const params = { path: { project_id: projectId }, query: { all: true } };
      const page = await answer(api.GET("/api/projects/{project_id}/terminals", { params }));
      return page.items.filter((terminal) => terminal.recorded).sort((a, b) => byAge(b, a));
    },
  });
}

export function terminalQuery(id: string) {
  return queryOptions({
    queryKey: keys.terminal(id),
    queryFn: () => answer(api.GET("/api/terminals/{terminal_id}", { params: { path: { terminal_id: id } } })),
  });
}

/** A recording as asciicast text. What is still open grows, so it is asked for again on each visit. */
export function castQuery(terminalId: string) {
  return queryOptions({
    queryKey: keys.cast(terminalId),
    queryFn: async (): Promise<string> => {
      const params = { path: { terminal_id: terminalId } };
      return (
        (await answer(api.GET("/api/terminals/{terminal_id}/recording", { params, parseAs: "text" }))) ?? ""
      );
    },
    staleTime: 0,
    gcTime: 0,
  });
}

export function byAge(a: Terminal, b: Terminal): number {
  return a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id);
}

/** `headers` put the request into the trace of what led to it. */
export interface NewTerminal {
  name?: string;
  headers?: { traceparent: string };
}

export function useCreateTerminal(projectId: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ headers, ...body }: NewTerminal) => {
      const params = { path: { project_id: projectId }, header: idempotencyKey() };
      return answer(api.POST("/api/projects/{project_id}/terminals", { body, params, headers }));
    },
    onSuccess: (terminal) => putTerminal(cache, terminal),
  });
}

export function useRenameTerminal() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      answer(
        api.PATCH("/api/terminals/{terminal_id}", { body: { name }, params: { path: { terminal_id: id } } }),
      ),
    onSuccess: (terminal) => putTerminal(cache, terminal),
  });
}

export function useCloseTerminal() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (terminal: Terminal) =>
      answer(api.DELETE("/api/terminals/{terminal_id}", { params: { path: { terminal_id: terminal.id } } })),
    onSuccess: (_nothing, terminal) => putTerminal(cache, { ...terminal, state: "closed" }),
  });
}

export function recordingUrl(terminalId: string): string {
  return `/api/terminals/${encodeURIComponent(terminalId)}/recording`;
}
