import { afterEach, expect, test } from "vitest";
import { draftOf, giveBack, keepDraft } from "./drafts";

afterEach(() => keepDraft("r", ""));

test("what was refused is there again, before what was begun since", () => {
  giveBack("r", "teal");
  expect(draftOf("r")).toBe("teal");
  keepDraft("r", "and");
  giveBack("r", "blue");
  expect(draftOf("r")).toBe("blue\nand");
});

test("an option that was refused leaves no text behind", () => {
  giveBack("r", "");
  expect(draftOf("r")).toBe("");
});
