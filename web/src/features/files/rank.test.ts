import { expect, test } from "vitest";
import { ranked } from "./rank";

const PATHS = [
  "/docs/routes.md",
  "/src/routes/Workspace.tsx",
  "/src/features/workspace/WorkspaceLayout.tsx",
  "/src/features/workspace/layout.ts",
  "/src/index.ts",
  "/test/index.test.ts",
  "/package.json",
  "/Makefile",
];

const first = (text: string): string | undefined => ranked(PATHS, text)[0]?.path;

test.each([
  ["workspace.tsx", "/src/routes/Workspace.tsx"],
  ["wslay", "/src/features/workspace/WorkspaceLayout.tsx"],
  ["index", "/src/index.ts"],
  ["layout", "/src/features/workspace/layout.ts"],
  ["src/index", "/src/index.ts"],
  ["/src/index.ts", "/src/index.ts"],
  ["make", "/Makefile"],
  ["pkgj", "/package.json"],
])("%j finds %s first", (text, path) => expect(first(text)).toBe(path));

test("what does not hold the letters in their order is not found", () => {
  expect(ranked(PATHS, "zebra")).toEqual([]);
  expect(ranked(PATHS, "")).toEqual([]);
});

test("where the letters are is told, for the eye", () => {
  const [hit] = ranked(PATHS, "Makefile");
  expect(hit?.ranges).toEqual([[1, 9]]);
});

test("20,000 names are ranked between two strokes", () => {
  const many = Array.from({ length: 20_000 }, (_, at) => `/src/part${at % 97}/file${at}.ts`);
  expect(ranked(many, "file19999")[0]?.path).toBe("/src/part17/file19999.ts");
  expect(ranked(many, "f").length).toBe(20_000);
});
