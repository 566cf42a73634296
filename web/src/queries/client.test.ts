import { QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { queryClient } from "./client";

test("a page hears of a change before anything else happens to it", async () => {
  const heard = vi.fn();
  const leave = new QueryObserver(queryClient, { queryKey: ["a"], enabled: false }).subscribe(heard);
  queryClient.setQueryData(["a"], 1);
  await Promise.resolve();
  expect(heard).toHaveBeenCalled();
  leave();
});
