/** The ways in, and changes of the account itself. A 401 here is a wrong password, not the end of a sign-in. */
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import type { Me, UpdateMe } from "@/api/types";
import { forgetBrowser } from "@/features/attention/browser";
import { keys } from "./keys";

const ENTRANCE = {
  meta: { entrance: true },
  // What was sent holds passwords; they go with the form they were typed into.
  gcTime: 0,
};

function useEntrance<Given>(send: (given: Given) => Promise<Me>) {
  const cache = useQueryClient();
  return useMutation({
    ...ENTRANCE,
    mutationFn: send,
    onSuccess: (me) => {
      cache.clear();
      cache.setQueryData(keys.me, me);
    },
  });
}

export function useSignup() {
  return useEntrance((body: { email: string; password: string; display_name?: string }) =>
    answer(api.POST("/api/auth/signup", { body })),
  );
}

export function useLogin() {
  return useEntrance((body: { email: string; password: string }) =>
    answer(api.POST("/api/auth/login", { body })),
  );
}

export function useForgot() {
  return useMutation({
    ...ENTRANCE,
    mutationFn: (body: { email: string }) => answer(api.POST("/api/auth/forgot", { body })),
  });
}

export function useReset() {
  return useMutation({
    ...ENTRANCE,
    mutationFn: (body: { token: string; password: string }) => answer(api.POST("/api/auth/reset", { body })),
  });
}

export function useUpdateMe() {
  const cache = useQueryClient();
  return useMutation({
    ...ENTRANCE,
    mutationFn: (body: UpdateMe) => answer(api.PATCH("/api/me", { body })),
    onSuccess: (me) => cache.setQueryData(keys.me, me),
  });
}

/** Whatever was kept belonged to who leaves. That nobody is signed in stays, because the pages watch it. */
export function left(cache: QueryClient): void {
  cache.setQueryData(keys.me, null);
  cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.me[0] });
}

export function useLogout() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await forgetBrowser();
      await answer(api.POST("/api/auth/logout"));
    },
    onSuccess: () => left(cache),
  });
}

export function useDeleteMe() {
  const cache = useQueryClient();
  return useMutation({
    ...ENTRANCE,
    mutationFn: (body: { password: string }) => answer(api.DELETE("/api/me", { body })),
    onSuccess: () => left(cache),
  });
}
