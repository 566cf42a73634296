import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test } from "vitest";
import type { Notice, Notices } from "@/api/types";
import { markedRead } from "./attention";
import { applyEvent } from "./events";
import { keys } from "./keys";

let cache: QueryClient;

function notice(id: string, more: Partial<Notice> = {}): Notice {
  const calls = { kind: "waiting", title: "Codex asks", body: "Go on?", path: "/projects/p" } as const;
  return {
    id,
    project_id: "p",
    run_id: "r",
    ...calls,
    created_at: "2026-11-22T12:00:00Z",
    read_at: null,
    ...more,
  };
}

const kept = (): Notices | undefined => cache.getQueryData(keys.notices);

beforeEach(() => {
  cache = new QueryClient();
  cache.setQueryData(keys.notices, { items: [notice("a")], unread: 1 });
});

test("a new notice stands first, and the badge is the server's count", () => {
  applyEvent(cache, { name: "notice.raised", data: { notice: notice("b"), unread: 5 } });
  expect(kept()?.items.map(({ id }) => id)).toEqual(["b", "a"]);
  expect(kept()?.unread).toBe(5);
});

test("a notice that comes again with a resumed stream stands once", () => {
  applyEvent(cache, { name: "notice.raised", data: { notice: notice("a"), unread: 1 } });
  expect(kept()?.items).toHaveLength(1);
});

test("before the list was asked for, an event makes none", () => {
  cache.clear();
  applyEvent(cache, { name: "notice.raised", data: { notice: notice("b"), unread: 1 } });
  expect(kept()).toBeUndefined();
});

test("marking some read counts only what was unread; all is all, also beyond the list", () => {
  const items = [notice("a"), notice("b", { read_at: "2026-11-22T12:01:00Z" }), notice("c")];
  const some = markedRead({ items, unread: 7 }, ["a", "b", "gone"]);
  expect(some.unread).toBe(6);
  expect(some.items.map(({ read_at }) => Boolean(read_at))).toEqual([true, true, false]);
  expect(markedRead({ items, unread: 7 }, null).unread).toBe(0);
});
