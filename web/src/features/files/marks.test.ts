import { expect, test } from "vitest";
import type { Change } from "@/queries/git";
import { markOf, marksOf } from "./marks";

const change = (path: string, kind: Change["kind"]): Change => ({ path, kind, staged: false });

test("a change marks its file, and a dot every folder on the way to it", () => {
  const marks = marksOf([change("/src/deep/a.ts", "modified")]);
  expect(markOf(marks, "/src/deep/a.ts")).toBe("modified");
  expect([...marks.folders]).toEqual(["/src", "/src/deep"]);
  expect(markOf(marks, "/src/deep/b.ts")).toBeNull();
});

test("a deleted file leaves its mark on the folders, where it can be seen", () => {
  expect(marksOf([change("/src/gone.ts", "deleted")]).folders.has("/src")).toBe(true);
});

test("everything in an untracked folder is untracked, and nothing beside it", () => {
  const marks = marksOf([change("/new/", "untracked")]);
  expect(markOf(marks, "/new")).toBe("untracked");
  expect(markOf(marks, "/new/deep/a.ts")).toBe("untracked");
  expect(markOf(marks, "/newer.ts")).toBeNull();
});
