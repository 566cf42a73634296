import { expect, test } from "vitest";
import { type Act, actOf } from "./keys";

const NONE = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };

test.each<[string, object, Act | null]>([
  ["KeyP", { ctrlKey: true }, "go"],
  ["KeyP", { metaKey: true }, "go"],
  ["KeyP", {}, null],
  ["KeyP", { ctrlKey: true, shiftKey: true }, null],
  ["KeyP", { ctrlKey: true, altKey: true }, null],
  ["KeyF", { ctrlKey: true }, null],
  ["KeyF", { ctrlKey: true, shiftKey: true }, "search"],
  ["KeyB", { metaKey: true }, "files"],
])("%s with %j means %j", (code, held, act) => expect(actOf({ ...NONE, code, ...held }, false)).toBe(act));

test("in the terminal Control is the shell's, and Cmd is still ours", () => {
  expect(actOf({ ...NONE, code: "KeyP", ctrlKey: true }, true)).toBeNull();
  expect(actOf({ ...NONE, code: "KeyF", ctrlKey: true, shiftKey: true }, true)).toBeNull();
  expect(actOf({ ...NONE, code: "KeyP", metaKey: true }, true)).toBe("go");
});
