import { expect, test } from "vitest";
import { lastLines } from "./preview";

test("the last lines with something in them, frames left out", () => {
  const screen = [
    "● Bash(npm test)",
    "",
    "",
    "╭──────────────╮",
    "│ Proceed?     │",
    "│ ❯ 1. Yes     │",
    "╰──────────────╯",
    "",
    "",
  ];
  expect(lastLines(screen, 5)).toEqual(["● Bash(npm test)", "", "Proceed?", "❯ 1. Yes"]);
  expect(lastLines(screen, 2)).toEqual(["Proceed?", "❯ 1. Yes"]);
});

test("indents stay, and letters that look like no frame", () => {
  expect(lastLines(["  + added", "x = 1", "----", "a | b"], 5)).toEqual(["  + added", "x = 1", "a | b"]);
});

test("an empty screen has none", () => {
  expect(lastLines(["", "  ", "───"], 5)).toEqual([]);
});
