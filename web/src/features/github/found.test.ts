import { expect, test } from "vitest";
import { isOld } from "./found";

test.each([
  ["nothing is typed, and all of them stand there", "", "", false, false],
  ["the answer to what is typed stands there", " docs ", "docs", false, false],
  ["what is typed is not looked for yet", "docs", "do", false, true],
  ["what is typed is looked for, and the answer is on its way", "docs", "docs", true, true],
] as const)("%s", (_when, typed, words, isPlaceholderData, old) =>
  expect(isOld({ typed, words, isPlaceholderData })).toBe(old),
);
