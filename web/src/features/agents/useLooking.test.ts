import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { beat } from "./useLooking";

const page = new EventTarget() as EventTarget & { hidden: boolean; hasFocus: () => boolean };
let focused = true;

beforeEach(() => {
  vi.useFakeTimers();
  focused = true;
  page.hidden = false;
  page.hasFocus = () => focused;
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", new EventTarget());
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("looks at once and each ten seconds, until the run is left", () => {
  const look = vi.fn(async () => undefined);
  const end = beat(look);
  vi.advanceTimersByTime(30_000);
  expect(look).toHaveBeenCalledTimes(4);
  end();
  vi.advanceTimersByTime(60_000);
  expect(look).toHaveBeenCalledTimes(4);
});

test("a page without the focus, or out of sight, sees nothing; one that is come back to does at once", () => {
  focused = false;
  const look = vi.fn(async () => undefined);
  const end = beat(look);
  vi.advanceTimersByTime(20_000);
  expect(look).not.toHaveBeenCalled();
  focused = true;
  page.hidden = true;
  vi.advanceTimersByTime(20_000);
  expect(look).not.toHaveBeenCalled();
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  expect(look).toHaveBeenCalledTimes(1);
  window.dispatchEvent(new Event("focus"));
  expect(look).toHaveBeenCalledTimes(1);
  end();
});

test("a look that is lost ends nothing", () => {
  const look = vi.fn(() => Promise.reject(new Error("offline")));
  const end = beat(look);
  vi.advanceTimersByTime(10_000);
  expect(look).toHaveBeenCalledTimes(2);
  end();
});
