import { expect, test } from "vitest";
import { OnceKeys } from "./onceKey";
import { ApiError } from "./problem";

const error = (status: number): ApiError => new ApiError({ type: "t", title: "No.", status }, "");

test("the same text has the same key until it was answered, and then another", () => {
  const keys = new OnceKeys();
  const first = keys.of("continue");
  expect(keys.of("continue")).toEqual(first);
  expect(keys.of("stop")).not.toEqual(first);
  keys.done("continue");
  expect(keys.of("continue")).not.toEqual(first);
});

test("a refusal is an answer; silence and a fault leave open whether it was done", () => {
  const keys = new OnceKeys();
  const first = keys.of("continue");
  keys.failed("continue", error(0));
  keys.failed("continue", error(502));
  expect(keys.of("continue")).toEqual(first);
  keys.failed("continue", error(409));
  expect(keys.of("continue")).not.toEqual(first);
});
