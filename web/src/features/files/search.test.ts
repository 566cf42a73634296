import { expect, test } from "vitest";
import type { Found } from "@/queries/files";
import { jsonLines } from "@/queries/files";
import { gathered, parts, searchRows } from "./search";

const found = (path: string, line: number, more: Partial<Found> = {}): Found => {
  return { path, line, column: 1, length: 3, text: "lamp", ...more };
};

test("matches stand under their files, in the order in which files were found", () => {
  const first = gathered([], [found("/b", 1), found("/a", 1)]);
  const all = gathered(first, [found("/b", 9)]);
  expect(all.map(({ path, matches }) => [path, matches.map(({ line }) => line)])).toEqual([
    ["/b", [1, 9]],
    ["/a", [1]],
  ]);
  const kinds = searchRows(all, new Set(["/b"])).map(({ kind, path }) => `${kind} ${path}`);
  expect(kinds).toEqual(["file /b", "file /a", "match /a"]);
});

test("a match is cut out of its line, and what stands far before it is left out", () => {
  expect(parts(found("/a", 1, { text: "  let lamp = 1;\n", column: 7, length: 4 }))).toEqual({
    before: "let ",
    hit: "lamp",
    after: " = 1;",
  });
  const far = parts(found("/a", 1, { text: `${"x".repeat(500)}lamp`, column: 501, length: 4 }));
  expect(far.before).toHaveLength(29);
  expect(far.hit).toBe("lamp");
});

test("lines are read whole however the stream is cut, letters of several bytes too", async () => {
  const bytes = new TextEncoder().encode('{"type":"match","text":"Größe"}\n{"type":"end"}');
  const cuts = [0, 3, 27, 29, 40, bytes.length];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const [at, cut] of cuts.slice(1).entries()) controller.enqueue(bytes.slice(cuts[at], cut));
      controller.close();
    },
  });
  const lines = [];
  for await (const some of jsonLines(stream)) lines.push(...some);
  expect(lines).toEqual([{ type: "match", text: "Größe" }, { type: "end" }]);
});
