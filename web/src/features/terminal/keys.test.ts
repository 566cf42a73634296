import { describe, expect, test } from "vitest";
import { keySequence, withSticky } from "./keys";
import { isReply } from "./replies";

describe("keys of the key bar", () => {
  test("arrows follow the mode the program asked for", () => {
    expect(keySequence("Up", false)).toBe("\x1b[A");
    expect(keySequence("Up", true)).toBe("\x1bOA");
    expect(keySequence("Esc", true)).toBe("\x1b");
  });

  test("a held Ctrl turns one letter into its control character", () => {
    expect(withSticky("c", { ctrl: true, alt: false })).toBe("\x03");
    expect(withSticky("C", { ctrl: true, alt: false })).toBe("\x03");
    expect(withSticky(" ", { ctrl: true, alt: false })).toBe("\x00");
    expect(withSticky("é", { ctrl: true, alt: false })).toBe("é");
    expect(withSticky("pasted", { ctrl: true, alt: false })).toBe("pasted");
  });

  test("a held Alt puts an escape in front", () => {
    expect(withSticky("b", { ctrl: false, alt: true })).toBe("\x1bb");
    expect(withSticky("c", { ctrl: true, alt: true })).toBe("\x1b\x03");
  });
});

describe("replies of the terminal", () => {
  test.each([
    "\x1b[?1;2c",
    "\x1b[>0;276;0c",
    "\x1b[0n",
    "\x1b[24;80R",
    "\x1b[?2004;1$y",
    "\x1bP1$r0m\x1b\\",
    "\x1b]11;rgb:00/00/00\x07",
  ])("%j is one", (data) => expect(isReply(data)).toBe(true));

  test.each(["c", "\x1b", "\x1b[A", "\x1bOA", "\x1b[200~text\x1b[201~", "\x1b[3~", "ls\r"])(
    "%j is typing",
    (data) => expect(isReply(data)).toBe(false),
  );
});
