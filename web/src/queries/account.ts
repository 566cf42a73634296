import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api, idempotencyKey } from "@/api/client";
import { keys } from "./keys";

export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: async () => (await answer(api.GET("/api/sessions"))).items,
  // No event tells of sign-ins elsewhere.
  staleTime: 0,
});

export const tokensQuery = queryOptions({
  queryKey: keys.tokens,
  queryFn: async () => (await answer(api.GET("/api/tokens"))).items,
  staleTime: 0,
});

export function useRevokeSession() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(api.DELETE("/api/sessions/{session_id}", { params: { path: { session_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.sessions }),
  });
}

export function useCreateToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; expires_at?: string | null }) =>
      answer(api.POST("/api/tokens", { body, params: { header: idempotencyKey() } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.tokens }),
    // The answer holds the secret; it goes with the dialog that shows it.
    gcTime: 0,
  });
}

export function useRevokeToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(api.DELETE("/api/tokens/{token_id}", { params: { path: { token_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.tokens }),
  });
}
