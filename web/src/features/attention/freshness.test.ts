import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sampleRun } from "@/api/samples";
import { keys } from "@/queries/keys";
import { Freshness } from "./freshness";
import { sampleNotice } from "./samples";

let asked: ReturnType<typeof vi.spyOn>;
let freshness: Freshness;

beforeEach(() => {
  vi.useFakeTimers();
  const cache = new QueryClient();
  const items = [
    sampleNotice("a", { run_id: "asks" }),
    sampleNotice("b", { run_id: "read", read_at: "2026-11-22T12:01:00Z" }),
  ];
  cache.setQueryData(keys.notices, { items, unread: 1 });
  asked = vi.spyOn(cache, "invalidateQueries");
  freshness = new Freshness(cache);
});

afterEach(() => {
  freshness.end();
  vi.useRealTimers();
});

/** A busy agent says something of itself every second. */
function work(runId: string, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    freshness.hear(sampleRun(runId, { state: "working", doing: `step ${second}` }));
    vi.advanceTimersByTime(1_000);
  }
}

test("what a run no longer asks is asked about within a second or so, however busy the run is", () => {
  work("asks", 2);
  expect(asked).toHaveBeenCalledExactlyOnceWith({ queryKey: keys.notices });
});

test("a notice that stays unread beside a busy run costs a question now and then", () => {
  work("asks", 60);
  expect(asked.mock.calls.length).toBeLessThanOrEqual(7);
});

test.each(["read", "other"])("a run without unread notices is asked about never: %s", (runId) => {
  work(runId, 60);
  expect(asked).not.toHaveBeenCalled();
});

test("a run that comes to something else is asked about at once, also where it was of late", () => {
  work("asks", 3);
  freshness.hear(sampleRun("asks", { state: "failed" }));
  vi.advanceTimersByTime(1_000);
  expect(asked).toHaveBeenCalledTimes(2);
});
