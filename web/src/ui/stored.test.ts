import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Stored } from "./stored";

const KEY = "aether.test";

let storage: Map<string, string>;
let page: EventTarget;

beforeEach(() => {
  storage = new Map();
  page = new EventTarget();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
  });
});

afterEach(() => void vi.unstubAllGlobals());

/** What a browser tells the other tabs. */
function chosenElsewhere(key: string | null): void {
  page.dispatchEvent(Object.assign(new Event("storage"), { key }));
}

test("what is chosen is there after a reload, beside what never was", () => {
  new Stored(KEY, { on: false }).set({ on: true });
  expect(new Stored(KEY, { on: false, size: 14 }).get()).toEqual({ on: true, size: 14 });
});

test("what is chosen in another tab holds in this one, and who watches is told", () => {
  const stored = new Stored(KEY, { on: true });
  const told = vi.fn();
  stored.subscribe(told);
  storage.set(KEY, '{"on":false}');
  chosenElsewhere(KEY);
  expect(stored.get()).toEqual({ on: false });
  expect(told).toHaveBeenCalledOnce();
});

test("what another tab forgets is as it was never chosen; what is another's changes nothing", () => {
  const stored = new Stored(KEY, { on: false });
  stored.set({ on: true });
  storage.clear();
  chosenElsewhere("another");
  expect(stored.get().on).toBe(true);
  chosenElsewhere(null);
  expect(stored.get().on).toBe(false);
});
