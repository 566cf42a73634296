import { describe, expect, test } from "vitest";
import * as paths from "./paths";

describe("parts of a path", () => {
  test.each([
    ["/a", "/", "a"],
    ["/a/b.ts", "/a", "b.ts"],
    ["/", "/", ""],
  ])("%s lies in %s and is called %s", (path, folder, name) => {
    expect(paths.folderOf(path)).toBe(folder);
    expect(paths.nameOf(path)).toBe(name);
  });

  test("the folders on the way, from the outside", () => {
    expect(paths.foldersTo("/a/b/c.ts")).toEqual(["/a", "/a/b"]);
    expect(paths.foldersTo("/c.ts")).toEqual([]);
  });

  test("a folder is no part of one whose name begins alike", () => {
    expect(paths.isWithin("/src-old/a", "/src")).toBe(false);
    expect(paths.isWithin("/src/a", "/src")).toBe(true);
    expect(paths.isWithin("/src", "/src")).toBe(true);
    expect(paths.isWithin("/src", "/")).toBe(true);
  });
});

describe("names", () => {
  test.each(["a.ts", "..a", " ", "ü", "a:b", "-rf"])("%j may be a name", (name) =>
    expect(paths.nameFault(name)).toBe(""),
  );
  test.each(["", ".", "..", "a/b", "a\0b", "ü".repeat(128)])("%j may not", (name) =>
    expect(paths.nameFault(name)).not.toBe(""),
  );
  test("a name that is taken says so", () => {
    expect(paths.nameFault("a", new Set(["a"]))).toContain("there already");
  });
  test("a new file may be given with its folders, but not out of the project", () => {
    expect(paths.pathFault("src/new/a.ts")).toBe("");
    expect(paths.pathFault("../a.ts")).not.toBe("");
    expect(paths.pathFault("a//b")).not.toBe("");
  });
  test.each([
    ["/notes.md", 2, "/notes (2).md"],
    ["/a/archive.tar.gz", 3, "/a/archive.tar (3).gz"],
    ["/.profile", 2, "/.profile (2)"],
    ["/Makefile", 2, "/Makefile (2)"],
  ])("beside %s number %i is %s", (path, number, beside) =>
    expect(paths.numbered(path, number)).toBe(beside),
  );
});

describe("what somebody types", () => {
  test.each([
    ["src", "/src"],
    ["/src//new/", "/src/new"],
    [" / ", "/"],
    ["../up", null],
  ])("%j is the path %j", (text, path) => expect(paths.typedPath(text)).toBe(path));

  test.each([
    ["a.ts", { text: "a.ts" }],
    ["a.ts:12", { text: "a.ts", line: 12 }],
    ["a.ts:12:3", { text: "a.ts", line: 12, column: 3 }],
    ["a.ts:", { text: "a.ts" }],
    [":7", { text: "", line: 7 }],
    ["a:b.ts", { text: "a:b.ts" }],
  ])("%j looks for %j", (typed, goal) => expect(paths.goalOf(typed)).toEqual(goal));
});

describe("moving", () => {
  test("what lies in a moved folder goes with it", () => {
    expect(paths.outermost(["/a/b", "/a", "/a-b", "/c/d"])).toEqual(["/a", "/a-b", "/c/d"]);
  });
  test("nothing moves into itself or to where it is", () => {
    expect(paths.movesInto(["/a", "/b/c", "/b/sub"], "/b/sub")).toEqual([
      { from: "/a", to: "/b/sub/a" },
      { from: "/b/c", to: "/b/sub/c" },
    ]);
    expect(paths.movesInto(["/a/x"], "/a")).toEqual([]);
    expect(paths.movesInto(["/a/x"], "/")).toEqual([{ from: "/a/x", to: "/x" }]);
  });
});
