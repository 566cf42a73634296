import { expect, test } from "vitest";
import { sampleTerminal as terminal } from "@/api/samples";
import { mergeTabs, neighbour, tabName } from "./tabs";

test("a terminal that ended while shown stays in its place until it is dismissed", () => {
  const [a, b, c] = [terminal("a"), terminal("b"), terminal("c")];
  const after = mergeTabs([a, b], [b, c], new Set());
  expect(after.map((tab) => [tab.id, tab.state])).toEqual([
    ["a", "closed"],
    ["b", "open"],
    ["c", "open"],
  ]);
  expect(mergeTabs(after, [b, c], new Set(["a"])).map((tab) => tab.id)).toEqual(["b", "c"]);
});

test("a renamed terminal keeps its place with its new name", () => {
  const after = mergeTabs(
    [terminal("a"), terminal("b")],
    [terminal("b"), terminal("a", { name: "build" })],
    new Set(),
  );
  expect(after.map((tab) => tab.name)).toEqual(["build", ""]);
});

test("after a close the right neighbour is shown, else the left", () => {
  const tabs = [terminal("a"), terminal("b")];
  expect(neighbour(tabs, "a")).toBe("b");
  expect(neighbour(tabs, "b")).toBe("a");
  expect(neighbour([terminal("a")], "a")).toBeUndefined();
});

test("a tab is called by its name, else its command, else its place", () => {
  expect(tabName(terminal("a", { name: "build" }), 0)).toBe("build");
  expect(tabName(terminal("a", { command: "htop" }), 0)).toBe("htop");
  expect(tabName(terminal("a"), 1)).toBe("Terminal 2");
});
