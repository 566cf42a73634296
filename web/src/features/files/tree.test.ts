import { describe, expect, test } from "vitest";
import type { Entry } from "@/api/types";
import * as tree from "./tree";

function entry(path: string, more: Partial<Entry> = {}): Entry {
  const type = path.endsWith("/") ? "folder" : "file";
  const whole = path.replace(/\/$/, "");
  const name = whole.slice(whole.lastIndexOf("/") + 1);
  return { name, path: whole, type, size: 1, mtime: "2026-11-22T10:00:00Z", mode: "0644", ...more };
}

const FOLDERS: Record<string, Entry[]> = {
  "/": [entry("/src/"), entry("/README.md")],
  "/src": [entry("/src/a.ts"), entry("/src/b.ts")],
};

function rows(
  open: string[],
  draft: tree.Draft | null = null,
  more: Record<string, tree.Inside> = {},
): tree.Row[] {
  const inside = (folder: string): tree.Inside => more[folder] ?? { items: FOLDERS[folder] ?? [] };
  return tree.rowsOf({ inside, open: new Set(open), draft });
}

const paths = (all: tree.Row[]): string[] => all.map((row) => `${row.level} ${row.path}`);

describe("rows", () => {
  test("an open folder's inside stands under it, one level deeper", () => {
    expect(paths(rows([]))).toEqual(["1 /src", "1 /README.md"]);
    expect(paths(rows(["/src"]))).toEqual(["1 /src", "2 /src/a.ts", "2 /src/b.ts", "1 /README.md"]);
  });

  test("each knows its place among its siblings", () => {
    const last = rows(["/src"]).at(-1);
    expect(last).toMatchObject({ place: 2, count: 2 });
  });

  test("a folder that is not known yet, is empty or was refused says so in its place", () => {
    const kinds = (inside: tree.Inside) => rows(["/src"], null, { "/src": inside }).map((row) => row.kind);
    expect(kinds("loading")).toEqual(["entry", "loading", "entry"]);
    expect(kinds({ items: [] })).toEqual(["entry", "empty", "entry"]);
    expect(kinds({ error: new Error("no") })).toEqual(["entry", "failed", "entry"]);
  });

  test("something new is typed first in its folder, even in an empty one", () => {
    const draft = { folder: "/src", kind: "file" } as const;
    expect(rows(["/src"], draft)[1]?.kind).toBe("new");
    expect(rows(["/src"], draft, { "/src": { items: [] } }).map((row) => row.kind)).toEqual([
      "entry",
      "new",
      "entry",
    ]);
  });

  test("5,000 entries make their rows within a frame or two", () => {
    const many = Array.from({ length: 5_000 }, (_, at) => entry(`/${at}`));
    expect(tree.rowsOf({ inside: () => ({ items: many }), open: new Set(), draft: null })).toHaveLength(
      5_000,
    );
  });
});

describe("order", () => {
  test("folders first, links to folders among them, then names as people count", () => {
    const link = entry("/lib", { type: "link", link: { target: "src", type: "folder" } });
    const items = [entry("/a10"), entry("/b/"), entry("/a2"), link, entry("/A1")];
    expect(tree.sorted(items, true).map((item) => item.name)).toEqual(["b", "lib", "A1", "a2", "a10"]);
  });

  test("hidden names go when they are not wanted, and git's folder always", () => {
    const items = [entry("/.env"), entry("/.git/"), entry("/a")];
    expect(tree.sorted(items, true).map((item) => item.name)).toEqual([".env", "a"]);
    expect(tree.sorted(items, false).map((item) => item.name)).toEqual(["a"]);
  });
});

describe("choosing", () => {
  const order = ["/a", "/b", "/c", "/d"];

  test("Shift takes everything between, Ctrl one more or less", () => {
    const range = tree.ranged(tree.only("/b"), "/d", order);
    expect([...range.chosen]).toEqual(["/b", "/c", "/d"]);
    expect([...tree.ranged(range, "/a", order).chosen]).toEqual(["/a", "/b"]);
    expect([...tree.toggled(range, "/c").chosen]).toEqual(["/b", "/d"]);
  });

  test("an action on a chosen row is about all that are chosen, on another about that one", () => {
    const range = tree.ranged(tree.only("/b"), "/c", order);
    expect(tree.targets(range, "/c")).toEqual(["/b", "/c"]);
    expect(tree.targets(range, "/a")).toEqual(["/a"]);
  });

  test("what was moved stays chosen where it went", () => {
    const moved = tree.followed(tree.only("/a/x"), [{ from: "/a", to: "/d/a" }]);
    expect(moved).toEqual(tree.only("/d/a/x"));
  });

  test("after a deletion the next sibling has the focus, else what stood before", () => {
    const all = ["/a", "/a/1", "/a/2", "/b"];
    expect(tree.neighbourOf(all, ["/a/1"])).toBe("/a/2");
    expect(tree.neighbourOf(all, ["/a/2"])).toBe("/a/1");
    expect(tree.neighbourOf(all, ["/a"])).toBe("/b");
    expect(tree.neighbourOf(all, ["/b"])).toBe("/a/2");
    expect(tree.neighbourOf(["/a"], ["/a"])).toBeNull();
  });
});

describe("typing ahead", () => {
  const all = rows(["/src"]);

  test("one letter goes to the next name that begins with it, around the end", () => {
    expect(tree.startingWith(all, 0, "s")).toBe(0);
    expect(tree.startingWith(all, 0, "r")).toBe(3);
    expect(tree.startingWith(all, 3, "a")).toBe(1);
  });

  test("more letters stay where they fit, and nothing is nothing", () => {
    expect(tree.startingWith(all, 3, "re")).toBe(3);
    expect(tree.startingWith(all, 0, "zz")).toBe(-1);
  });
});

test("a name that is no UTF-8 is shown, and leads nowhere", () => {
  const odd = entry("/caf\ufffd/", { name_b64: "Y2Fm6Q" });
  expect(tree.isFolder(odd)).toBe(false);
  expect(tree.said(odd, "")).toContain("only the terminal");
});

test("a link says where it leads, and that there is no way", () => {
  const out = entry("/etc", { type: "link", link: { target: "/etc", type: "outside" } });
  expect(tree.said(out, "")).toBe("etc, link to /etc, outside of the project");
  expect(tree.isFolder(out)).toBe(false);
  expect(tree.said(entry("/a.ts"), "modified")).toBe("a.ts, modified");
});
