import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { left } from "./entrance";
import { keys } from "./keys";

test("who leaves is told to the pages, and leaves nothing behind", () => {
  const cache = new QueryClient();
  cache.setQueryData(keys.me, { email: "ada@example.com" });
  cache.setQueryData(keys.projects, [{ id: "a" }]);
  const seen: unknown[] = [];
  const observer = new QueryObserver(cache, { queryKey: keys.me, enabled: false });
  const end = observer.subscribe(({ data }) => seen.push(data));
  left(cache);
  end();
  expect(seen).toContain(null);
  expect(cache.getQueryData(keys.projects)).toBeUndefined();
});
