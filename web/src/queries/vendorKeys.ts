/** A person's keys for vendors and programs: sent once, never read back. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import type { PutKey } from "@/api/types";

const KEYS = ["vendor-keys"];

export const vendorKeysQuery = queryOptions({
  queryKey: KEYS,
  queryFn: async () => (await answer(api.GET("/api/keys"))).items,
  // No event tells when a key was used or refused.
  staleTime: 0,
});

export function usePutKey() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ name, ...body }: PutKey & { name: string }) =>
      answer(api.PUT("/api/keys/{name}", { body, params: { path: { name } } })),
    // Not waited for: a form that is still there would take the key it has added for one that it replaces.
    onSuccess: () => void cache.invalidateQueries({ queryKey: KEYS }),
    // What was sent holds the value of the key; it goes with the dialog it was typed into.
    gcTime: 0,
  });
}

export function useDeleteKey() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(api.DELETE("/api/keys/{name}", { params: { path: { name } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: KEYS }),
  });
}
