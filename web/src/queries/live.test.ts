import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerEvent } from "./events";
import { LiveEvents } from "./live";

const LOOKED_AWAY_MS = 60_000;

/** A stream that the test speaks through. */
class Source extends EventTarget {
  readyState = 1;
  close(): void {
    this.readyState = 2;
  }
}

/** A page that can be looked away from. */
class Page extends EventTarget {
  hidden = false;
  look(hidden: boolean): void {
    this.hidden = hidden;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page: Page;
let sources: Source[];
let live: LiveEvents;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("EventSource", { CLOSED: 2 });
  sources = [];
  live = new LiveEvents(new QueryClient(), () => {
    const source = new Source();
    sources.push(source);
    return source as unknown as EventSource;
  });
  stop = live.start();
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const open = (): number => sources.filter(({ readyState }) => readyState === 1).length;

test("a page nobody looks at gives its connection back, and takes one again", () => {
  page.look(true);
  vi.advanceTimersByTime(LOOKED_AWAY_MS);
  expect(open()).toBe(0);
  page.look(false);
  expect(open()).toBe(1);
});

test("a page that listens for the others keeps it", () => {
  live.listenOn(true);
  page.look(true);
  vi.advanceTimersByTime(LOOKED_AWAY_MS * 2);
  expect(open()).toBe(1);
});

test("a page that comes to listen while it is hidden opens it again, and one that ceases to lets it go", () => {
  page.look(true);
  vi.advanceTimersByTime(LOOKED_AWAY_MS);
  live.listenOn(true);
  expect(open()).toBe(1);
  live.listenOn(false);
  vi.advanceTimersByTime(LOOKED_AWAY_MS);
  expect(open()).toBe(0);
});

test("who hears events is told each once, until they cease to", () => {
  const heard: ServerEvent[] = [];
  const cease = live.onEvent((event) => heard.push(event));
  const say = (): void => {
    const data = JSON.stringify({ notice: { id: "n" }, unread: 1 });
    sources[0]?.dispatchEvent(new MessageEvent("notice.raised", { data }));
  };
  say();
  cease();
  say();
  expect(heard).toEqual([{ name: "notice.raised", data: { notice: { id: "n" }, unread: 1 } }]);
});
