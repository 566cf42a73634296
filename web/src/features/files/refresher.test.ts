import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refresher } from "./refresher";

let asked: string[];
let answers: (() => void)[];
let refresher: Refresher;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  answers = [];
  refresher = new Refresher((name) => {
    asked.push(name);
    return new Promise<void>((done) => answers.push(done));
  }, 100);
});

afterEach(() => vi.useRealTimers());

async function answered(): Promise<void> {
  for (const done of answers.splice(0)) done();
  await vi.advanceTimersByTimeAsync(100);
}

test("a change is asked for at once", () => {
  refresher.touch("/src");
  expect(asked).toEqual(["/src"]);
});

test("a thousand changes while one is asked for are asked for once more", async () => {
  for (let count = 0; count < 1_000; count++) refresher.touch("/src");
  expect(asked).toEqual(["/src"]);
  await answered();
  expect(asked).toEqual(["/src", "/src"]);
  await answered();
  expect(asked).toHaveLength(2);
});

test("one folder does not wait for another, and a refusal does not end it", async () => {
  refresher = new Refresher(async (name) => {
    asked.push(name);
    throw new Error("no");
  }, 100);
  refresher.touch("/a");
  refresher.touch("/b");
  await answered();
  refresher.touch("/a");
  expect(asked).toEqual(["/a", "/b", "/a"]);
});
