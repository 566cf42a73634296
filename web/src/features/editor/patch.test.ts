import { expect, test } from "vitest";
import { patchOf, shortened } from "./patch";

const PATCH = `diff --git a/lamp.py b/lamp.py
index 2f1c0aa..9d3b1c2 100644
--- a/lamp.py
+++ b/lamp.py
@@ -1,3 +1,4 @@
 def is_lit(hour):
-    return hour >= 20
+    # Winter nights are long.
+    return hour >= 18
 
@@ -20,2 +21,2 @@ def is_broken(lamp):
-    --lamp.count
+    lamp.count -= 1
\\ No newline at end of file
`;

test("lines are numbered on both sides", () => {
  const [first] = patchOf(PATCH).hunks;
  expect(first?.lines.map(({ kind, old, now }) => [kind, old, now])).toEqual([
    ["same", 1, 1],
    ["removed", 2, null],
    ["added", null, 2],
    ["added", null, 3],
    ["same", 3, 4],
  ]);
});

test("what lies between two hunks is counted", () => {
  const [first, second] = patchOf(PATCH).hunks;
  expect(first?.skipped).toBe(0);
  expect(second).toMatchObject({ skipped: 16, around: "def is_broken(lamp):" });
});

test("a removed line that begins with dashes is no header", () => {
  const [, second] = patchOf(PATCH).hunks;
  expect(second?.lines[0]).toMatchObject({ kind: "removed", text: "    --lamp.count" });
});

test("a missing last line end is known", () => {
  expect(patchOf(PATCH).hunks[1]?.lines.at(-1)?.open).toBe(true);
});

test("bytes that are no text have no lines", () => {
  const patch = patchOf("diff --git a/a.png b/a.png\nBinary files a/a.png and b/a.png differ\n");
  expect(patch).toEqual({ binary: true, hunks: [], count: 0 });
});

test("a file that was only moved or made executable has none either", () => {
  expect(patchOf("diff --git a/a b/a\nold mode 100644\nnew mode 100755\n").count).toBe(0);
  expect(patchOf("").count).toBe(0);
});

test("a long patch is cut where it is enough to begin with", () => {
  const patch = patchOf(PATCH);
  expect(shortened(patch, 3).map((hunk) => hunk.lines.length)).toEqual([3]);
  expect(shortened(patch, 6).map((hunk) => hunk.lines.length)).toEqual([5, 1]);
  expect(shortened(patch, 100)).toEqual(patch.hunks);
});
