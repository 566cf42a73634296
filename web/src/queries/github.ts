/** The person's account at GitHub, and what they can make projects from. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { address } from "@/api/send";
import { keys } from "./keys";

export const githubQuery = queryOptions({
  queryKey: keys.github,
  queryFn: () => answer(api.GET("/api/github")),
  // Linking happens on GitHub's pages, and is told to the pages that are open then.
  staleTime: 0,
});

export function useUnlinkGitHub() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.DELETE("/api/github")),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.github }),
  });
}

/** The page that leads to GitHub and back to `next`. */
export function githubStart(next: string, withPrivate = false): string {
  return address("/api/auth/github/start", { next, private: withPrivate || null });
}

/** Repositories whose name or description has `words`, page by page. */
export function repositoriesQuery(words: string) {
  return infiniteQueryOptions({
    queryKey: ["repositories", words],
    queryFn: ({ pageParam }) =>
      answer(api.GET("/api/github/repos", { params: { query: { page: pageParam, q: words } } })),
    initialPageParam: 1,
    getNextPageParam: (last) => last.next_page,
  });
}
