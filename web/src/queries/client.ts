import { MutationCache, notifyManager, QueryCache, QueryClient } from "@tanstack/react-query";
import { asApiError } from "@/api/problem";
import { keys } from "./keys";

/** Refusals are final; only silence and faults of the server are worth asking again. */
function worthRetrying(failures: number, error: unknown): boolean {
  const { status } = asApiError(error);
  return failures < 2 && (status === 0 || status >= 500);
}

/** A 401 anywhere means that the sign-in has ended: who waits for `me` then shows the sign-in page. */
function noticeSignOut(error: unknown): void {
  if (asApiError(error).status === 401) queryClient.setQueryData(keys.me, null);
}

// Before the next task, not after it: a box that was ticked would stand unticked for that long.
notifyManager.setScheduler(queueMicrotask);

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({
    onError: (error, _given, _context, mutation) => {
      if (!mutation.meta?.entrance) noticeSignOut(error);
    },
  }),
  defaultOptions: {
    // What events keep fresh need not be asked again by time.
    queries: { staleTime: 60_000, retry: worthRetrying, refetchOnWindowFocus: false, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
