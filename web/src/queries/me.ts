import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { ApiError } from "@/api/problem";
import type { Me } from "@/api/types";
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
