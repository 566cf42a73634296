import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToString } from "react-dom/server";
import { beforeEach, expect, test, vi } from "vitest";

const done = vi.hoisted(() => async () => ({ data: { secret: "s3cret" } }));
vi.mock("@/api/client", () => ({
  api: { POST: done, PUT: done, PATCH: done, DELETE: done },
  answer: async (sent: Promise<{ data: unknown }>) => (await sent).data,
  idempotencyKey: () => ({}),
}));

import { useCreateAgentToken } from "./access";
import { useCreateToken } from "./account";
import { useCreateWebhook } from "./attention";
import { useDeleteMe, useReset, useUpdateMe } from "./entrance";
import { usePutKey } from "./vendorKeys";

interface Mutation {
  mutateAsync: (given: never) => Promise<unknown>;
  reset: () => void;
}

let cache: QueryClient;

beforeEach(() => {
  cache = new QueryClient();
});

/** What a dialog has of a hook. */
function used(hook: () => Mutation): Mutation {
  const held: Mutation[] = [];
  const Dialog = (): null => {
    held.push(hook());
    return null;
  };
  renderToString(
    <QueryClientProvider client={cache}>
      <Dialog />
    </QueryClientProvider>,
  );
  return held[0] as Mutation;
}

test.each<[string, () => Mutation, object]>([
  ["the value of a key", usePutKey, { name: "K", value: "s3cret" }],
  ["the secret of a token", useCreateToken, { name: "laptop" }],
  ["the secret of a webhook", useCreateWebhook, { url: "https://example.com", kinds: [] }],
  ["a password that was set anew", useReset, { token: "t", password: "s3cret" }],
  ["a password that was changed", useUpdateMe, { current_password: "s3cret", password: "s3cret-2" }],
  ["the password of an account that is gone", useDeleteMe, { password: "s3cret" }],
  ["a private key", () => useCreateAgentToken("p"), { name: "laptop" }],
])("%s is not kept once its dialog is gone", async (_what, hook, given) => {
  const { mutateAsync, reset } = used(hook);
  await mutateAsync(given as never);
  expect(cache.getMutationCache().getAll()).toHaveLength(1);
  reset();
  await vi.waitFor(() => expect(cache.getMutationCache().getAll()).toEqual([]));
});
