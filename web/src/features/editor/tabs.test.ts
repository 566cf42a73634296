import { expect, test } from "vitest";
import {
  NO_TABS,
  read,
  stepped,
  type TabList,
  tabLabel,
  withClosed,
  withDeleted,
  withMoved,
  withOpened,
  withOrder,
  withTab,
  written,
} from "./tabs";

/** Tabs in this order, the last opened shown. */
function opened(...paths: string[]): TabList {
  return paths.reduce((list, path) => withOpened(list, path), NO_TABS);
}

const paths = (list: TabList): string[] => list.tabs.map((tab) => tab.path);

test("a new tab comes right of the shown one", () => {
  const list = withOpened(withOpened(opened("/a", "/b"), "/a"), "/c");
  expect(paths(list)).toEqual(["/a", "/c", "/b"]);
  expect(list.active).toBe("/c");
});

test("an open file is shown, and not opened twice", () => {
  const list = withOpened(withTab(opened("/a", "/b"), "/a", { mode: "diff" }), "/a");
  expect(paths(list)).toEqual(["/a", "/b"]);
  expect(list.tabs[0]?.mode).toBe("diff");
  expect(withOpened(list, "/a", "text").tabs[0]?.mode).toBe("text");
});

test("after a close the right neighbour is shown, else the left, else none", () => {
  const list = withOpened(opened("/a", "/b", "/c"), "/b");
  expect(withClosed(list, "/b").active).toBe("/c");
  expect(withClosed(withOpened(list, "/c"), "/c").active).toBe("/b");
  expect(withClosed(list, "/a").active).toBe("/b");
  expect(withClosed(opened("/a"), "/a")).toEqual(NO_TABS);
});

test("what is known already tells nobody anything new", () => {
  const list = opened("/a");
  expect(withTab(list, "/a", { dirty: false })).toBe(list);
  expect(withTab(list, "/b", { dirty: true })).toBe(list);
});

test("a moved folder takes its open files along", () => {
  const list = withMoved(opened("/src/a.ts", "/srcs/b.ts", "/src/deep/c.ts"), "/src", "/lib");
  expect(paths(list)).toEqual(["/lib/a.ts", "/srcs/b.ts", "/lib/deep/c.ts"]);
  expect(list.active).toBe("/lib/deep/c.ts");
});

test("a file moved over an open one replaces its tab", () => {
  const list = withMoved(opened("/a", "/b"), "/a", "/b");
  expect(paths(list)).toEqual(["/b"]);
});

test("a deleted folder closes its files, but for what was not saved", () => {
  const list = withTab(opened("/src/a", "/src/b", "/c"), "/src/a", { dirty: true });
  expect(paths(withDeleted(list, "/src"))).toEqual(["/src/a", "/c"]);
});

test("stepping goes around the ends", () => {
  const list = opened("/a", "/b", "/c");
  expect(stepped(list, 1)).toBe("/a");
  expect(stepped(withOpened(list, "/a"), -1)).toBe("/c");
  expect(stepped(NO_TABS, 1)).toBeNull();
});

test("a tab takes the place it is dragged to", () => {
  expect(paths(withOrder(opened("/a", "/b", "/c"), "/c", 0))).toEqual(["/c", "/a", "/b"]);
});

test("files of one name are told apart by as much of their folders as it takes", () => {
  const list = opened("/api/index.ts", "/web/ui/index.ts", "/old/ui/index.ts", "/index.ts", "/a.ts");
  const label = (path: string): string => tabLabel(list, path).folder;
  expect(label("/api/index.ts")).toBe("api");
  expect(label("/web/ui/index.ts")).toBe("web/ui");
  expect(label("/index.ts")).toBe("/");
  expect(label("/a.ts")).toBe("");
});

test("a drawing is looked at first", () => {
  expect(opened("/logo.svg").tabs[0]?.mode).toBe("preview");
});

test("tabs come back as they were, without what only the machine can say", () => {
  const list = withTab(opened("/a", "/b"), "/a", { dirty: true, clash: true, mode: "diff" });
  const back = read(written(list));
  expect(back.active).toBe("/b");
  expect(back.tabs[0]).toEqual({ path: "/a", mode: "diff", dirty: true, clash: false });
});

test("what nobody here has written opens nothing", () => {
  for (const text of [null, "", "{", "[]", '{"tabs":[null,{"path":7},{"path":"a"}]}'])
    expect(read(text).tabs).toEqual([]);
  expect(read('{"tabs":[{"path":"/a","mode":"odd"}],"active":"/b"}')).toEqual({
    active: "/a",
    tabs: [{ path: "/a", mode: "text", dirty: false, clash: false }],
  });
});
