/** What calls for the person, and how they want to be called. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import type { AttentionSettings, CreateWebhook, Notices, UpdateAttention } from "@/api/types";
import { keys } from "./keys";

const SETTINGS = ["attention"];
const WEBHOOKS = ["webhooks"];

export const noticesQuery = queryOptions({
  queryKey: keys.notices,
  queryFn: () => answer(api.GET("/api/notices")),
});

/** Between the pages of one browser: that notices were read, which no event tells. */
export const readElsewhere = new BroadcastChannel("aether.notices");

/** Marks notices read; null: all of them. Shown at once, because a badge that stays is a lie. */
export function useReadNotices() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (ids: string[] | null) => answer(api.POST("/api/notices/read", { body: { ids } })),
    onMutate: (ids) => cache.setQueryData<Notices>(keys.notices, (known) => known && markedRead(known, ids)),
    onSuccess: (notices) => {
      cache.setQueryData(keys.notices, notices);
      readElsewhere.postMessage("read");
    },
    onError: () => cache.invalidateQueries({ queryKey: keys.notices }),
  });
}

export function markedRead({ items, unread }: Notices, ids: string[] | null): Notices {
  const marked = items.filter((notice) => !notice.read_at && (ids === null || ids.includes(notice.id)));
  const read_at = new Date().toISOString();
  return {
    items: items.map((notice) => (marked.includes(notice) ? { ...notice, read_at } : notice)),
    // What is unread beyond the list is only known to the server.
    unread: ids === null ? 0 : Math.max(0, unread - marked.length),
  };
}

/** Whether a run has a notice, of those that are listed, which nobody has read. */
export function hasUnread(cache: QueryClient, runId: string): boolean {
  const known = cache.getQueryData<Notices>(keys.notices);
  return known?.items.some(({ run_id, read_at }) => run_id === runId && !read_at) ?? false;
}

export const attentionQuery = queryOptions({
  queryKey: SETTINGS,
  queryFn: () => answer(api.GET("/api/me/attention")),
});

/** A change stands at once, and is taken back if it is refused. */
export function useUpdateAttention() {
  const cache = useQueryClient();
  return useMutation({
    mutationKey: SETTINGS,
    // One after the other, so that the server has them in the order in which they were made.
    scope: { id: "attention" },
    mutationFn: (body: UpdateAttention) => answer(api.PATCH("/api/me/attention", { body })),
    onMutate: (change) => {
      const before = cache.getQueryData<AttentionSettings>(SETTINGS);
      if (before) cache.setQueryData(SETTINGS, { ...before, ...given(change) });
      return before;
    },
    onSuccess: (settings) => {
      // What is answered to an earlier change does not know of a later one, which stands already.
      if (cache.isMutating({ mutationKey: SETTINGS }) === 1) cache.setQueryData(SETTINGS, settings);
    },
    onError: (_error, _change, before) => {
      cache.setQueryData(SETTINGS, before);
      return cache.invalidateQueries({ queryKey: SETTINGS });
    },
  });
}

/** What a change says; null leaves a field as it is. */
function given(change: UpdateAttention): Partial<AttentionSettings> {
  const said = Object.entries(change).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(said);
}

export const webhooksQuery = queryOptions({
  queryKey: WEBHOOKS,
  queryFn: async () => (await answer(api.GET("/api/webhooks"))).items,
  // No event tells of deliveries.
  staleTime: 0,
});

export function useCreateWebhook() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: CreateWebhook) => answer(api.POST("/api/webhooks", { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: WEBHOOKS }),
    // The answer holds the secret; it goes with the dialog that shows it.
    gcTime: 0,
  });
}

export function useDeleteWebhook() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(api.DELETE("/api/webhooks/{webhook_id}", { params: { path: { webhook_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: WEBHOOKS }),
  });
}

const FOLLOW_MS = 5_000;

/** Asked again while something is on its way. */
export function deliveriesQuery(webhookId: string) {
  const params = { path: { webhook_id: webhookId } };
  return queryOptions({
    queryKey: ["deliveries", webhookId],
    queryFn: async () => (await answer(api.GET("/api/webhooks/{webhook_id}/deliveries", { params }))).items,
    refetchInterval: ({ state }) =>
      state.data?.some(({ state }) => state === "pending") ? FOLLOW_MS : false,
    staleTime: 0,
  });
}
