import { describe, expect, test } from "vitest";
import { statusFrom, totals } from "@/queries/git";
import { hexLines } from "./hex";
import { indentOf, indentWords } from "./indent";
import { chordOf } from "./keys";
import { kindOf, modesOf, shownMode } from "./kinds";
import { languageCalled, languageOf } from "./language";
import { slugOf, targetOf } from "./links";
import { copyNames } from "./names";
import { fileSize } from "./sizes";

describe("the language of a file", () => {
  test.each([
    ["app.tsx", "TSX"],
    ["lamp.py", "Python"],
    ["types.pyi", "Python"],
    ["main.rs", "Rust"],
    ["Dockerfile", "Dockerfile"],
    ["Dockerfile.dev", "Dockerfile"],
    ["tsconfig.build.json", "JSON"],
    [".zshrc", "Shell"],
    [".env.local", "Shell"],
    ["Cargo.lock", "TOML"],
    ["README.md", "Markdown"],
    ["docker-compose.yml", "YAML"],
    ["query.sql", "SQL"],
    ["Makefile.in.unknown", undefined],
  ])("%s is %s", (name, language) => expect(languageOf(name, "")?.name).toBe(language));

  test.each([
    ["#!/usr/bin/env python3", "Python"],
    ["#!/bin/bash -e", "Shell"],
    ["#!/usr/bin/env -S node --trace", "JavaScript"],
    ["python is not named here", undefined],
  ])("a script that begins with %s is %s", (line, language) =>
    expect(languageOf("run", line)?.name).toBe(language),
  );

  test("a block of code names it as people do", () => {
    expect(languageCalled("ts")?.name).toBe("TypeScript");
    expect(languageCalled("sh")?.name).toBe("Shell");
    expect(languageCalled("")).toBeNull();
  });
});

describe("indentation", () => {
  test.each([
    ["two spaces", ["a", "  b", "    c", "  d"], "  "],
    ["four spaces", ["def a():", "    if b:", "        c", "", "    d"], "    "],
    ["tabs", ["a {", "\tb {", "\t\tc", "\t}", "}"], "\t"],
    ["nothing indented", ["a", "b"], "  "],
    ["lines that only line up", ["a", "  b", " * c", "  d", "    e"], "  "],
  ])("%s", (_name, lines, unit) => expect(indentOf(lines)).toBe(unit));

  test("is named by what it is", () => {
    expect(indentWords("\t")).toBe("Tabs");
    expect(indentWords("    ")).toBe("4 spaces");
  });
});

describe("addresses in a text", () => {
  test.each([
    ["pictures/a.png", { kind: "file", path: "/docs/pictures/a.png", hash: "" }],
    ["../src/a%20b.ts#L3", { kind: "file", path: "/src/a b.ts", hash: "L3" }],
    ["/README.md", { kind: "file", path: "/README.md", hash: "" }],
    ["#usage", { kind: "here", hash: "usage" }],
    ["https://example.org/a", { kind: "away", url: "https://example.org/a" }],
    ["data:image/png;base64,AA", { kind: "data", url: "data:image/png;base64,AA" }],
    ["../../outside", { kind: "none" }],
    ["javascript:alert(1)", { kind: "none" }],
    ["JAVASCRIPT:alert(1)", { kind: "none" }],
    ["data:text/html,x", { kind: "none" }],
    ["//example.org/x", { kind: "none" }],
    ["file:///etc/passwd", { kind: "none" }],
    ["", { kind: "none" }],
  ])("%s", (address, target) => expect(targetOf(address, "/docs/guide.md")).toEqual(target));

  test("a heading is linked to as forges do it", () => {
    expect(slugOf(" What's new, in 2.0? ")).toBe("whats-new-in-20");
  });
});

test("a copy keeps the ending, so that it stays what it is", () => {
  expect(copyNames("/src/a.test.ts", 2)).toEqual(["/src/a.test.mine.ts", "/src/a.test.mine-2.ts"]);
  expect(copyNames("/.env", 1)).toEqual(["/.env.mine"]);
  expect(copyNames("/Makefile", 1)).toEqual(["/Makefile.mine"]);
});

test("a file is shown in the ways it has", () => {
  expect(kindOf("/a/Logo.PNG")).toBe("picture");
  expect(modesOf("/README.md")).toContain("preview");
  expect(modesOf("/a.ts")).not.toContain("preview");
  expect(shownMode({ path: "/a.ts", mode: "preview", dirty: false, clash: false })).toBe("text");
});

test("bytes stand sixteen a line, and only letters are letters", () => {
  const [line] = hexLines(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d]));
  expect(line).toEqual({ offset: "00000000", hex: "89 50 4e 47 0d", text: "·PNG·" });
  expect(hexLines(new Uint8Array(33))).toHaveLength(3);
});

test("a size is said in the unit that fits it", () => {
  expect(fileSize(900)).toBe("900 bytes");
  expect(fileSize(6 * 1024 * 1024)).toBe("6 MB");
  expect(fileSize(1.5 * 1024 ** 3)).toBe("1.5 GB");
});

test("chords are known by the key, whatever letter it types", () => {
  const key = { altKey: true, ctrlKey: false, metaKey: false };
  expect(chordOf({ ...key, code: "PageDown" })).toBe("next");
  expect(chordOf({ ...key, code: "KeyW" })).toBe("close");
  expect(chordOf({ ...key, ctrlKey: true, code: "KeyW" })).toBeNull();
});

describe("git's status", () => {
  const status = statusFrom({
    repository: true,
    branch: "main",
    items: [
      { path: "/src/b.ts", status: "modified", staged: true, added: 3, removed: 1 },
      { path: "a.png", status: "untracked", added: null },
      { path: "/c.ts", status: "renamed", from: "/old.ts", added: 0, removed: 4 },
      { path: "/d.ts", status: "something new" },
    ],
  });

  test("is sorted by path, and every path begins at the root", () => {
    expect(status.items.map((item) => item.path)).toEqual(["/a.png", "/c.ts", "/d.ts", "/src/b.ts"]);
  });

  test("knows what was counted from what was not", () => {
    expect(status.items[0]?.added).toBeUndefined();
    expect(totals(status.items)).toEqual({ added: 3, removed: 5 });
  });

  test("takes a kind it does not know for a change", () => {
    expect(status.items[2]?.kind).toBe("modified");
  });

  test("of a folder without a repository is empty", () => {
    expect(statusFrom({})).toMatchObject({ repository: false, items: [], head: "" });
  });
});
