import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { ApiError } from "@/api/problem";
import type { Me, UpdateMe } from "@/api/types";
import { keys } from "./keys";

/** Who is signed in; null when nobody is. */
export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: async (): Promise<Me | null> => {
    try {
      return await answer(api.GET("/api/me"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const configQuery = queryOptions({
  queryKey: keys.config,
  queryFn: () => answer(api.GET("/api/config")),
  staleTime: Number.POSITIVE_INFINITY,
});

export function useMe(): Me | null {
  return useQuery(meQuery).data ?? null;
}

/** Signing in and up: a 401 here is a wrong password, not the end of a sign-in. */
const ENTRANCE = { entrance: true };

function useEntrance<Given>(send: (given: Given) => Promise<Me>) {
  const cache = useQueryClient();
  return useMutation({
    meta: ENTRANCE,
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

export function useLogout() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST("/api/auth/logout")),
    onSuccess: () => {
      cache.clear();
      cache.setQueryData(keys.me, null);
    },
  });
}

export function useForgot() {
  return useMutation({
    meta: ENTRANCE,
    mutationFn: (body: { email: string }) => answer(api.POST("/api/auth/forgot", { body })),
  });
}

export function useReset() {
  return useMutation({
    meta: ENTRANCE,
    mutationFn: (body: { token: string; password: string }) => answer(api.POST("/api/auth/reset", { body })),
  });
}

export function useUpdateMe() {
  const cache = useQueryClient();
  return useMutation({
    meta: ENTRANCE,
    mutationFn: (body: UpdateMe) => answer(api.PATCH("/api/me", { body })),
    onSuccess: (me) => cache.setQueryData(keys.me, me),
  });
}

export function useDeleteMe() {
  const cache = useQueryClient();
  return useMutation({
    meta: ENTRANCE,
    mutationFn: (body: { password: string }) => answer(api.DELETE("/api/me", { body })),
    onSuccess: () => {
      cache.clear();
      cache.setQueryData(keys.me, null);
    },
  });
}
