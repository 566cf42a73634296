import { expect, test } from "vitest";
import { chosen, gather } from "./gather";

type Disk = { [name: string]: Disk | string };

/** An entry as a browser hands it out on a drop; its reader gives at most two at a time. */
function entry(name: string, inside: Disk | string): FileSystemEntry {
  if (typeof inside === "string") {
    const file = (found: (file: File) => void): void => found(new File([inside], name));
    return { name, isFile: true, isDirectory: false, file } as unknown as FileSystemEntry;
  }
  const createReader = (): unknown => {
    const left = Object.entries(inside).map(([child, held]) => entry(child, held));
    return { readEntries: (found: (some: FileSystemEntry[]) => void) => found(left.splice(0, 2)) };
  };
  return { name, isFile: false, isDirectory: true, createReader } as unknown as FileSystemEntry;
}

test("a dropped folder is walked through to its last file, however few a reader gives at a time", async () => {
  const disk = { a: "1", b: "2", deep: { c: "3", d: "4", e: "5" } };
  const given = await gather({ entries: [entry("photos", disk)], files: [] }, "/docs");
  expect(given.map(({ path }) => path)).toEqual([
    "/docs/photos/a",
    "/docs/photos/b",
    "/docs/photos/deep/c",
    "/docs/photos/deep/d",
    "/docs/photos/deep/e",
  ]);
});

test("an empty folder is made, and holds no file", async () => {
  const given = await gather({ entries: [entry("empty", {})], files: [] }, "/");
  expect(given).toEqual([{ path: "/empty", file: null }]);
});

test("files of a chosen folder keep their places in it", () => {
  const file = new File(["x"], "a.txt");
  Object.defineProperty(file, "webkitRelativePath", { value: "photos/deep/a.txt" });
  expect(chosen([file, new File(["y"], "b.txt")], "/").map(({ path }) => path)).toEqual([
    "/photos/deep/a.txt",
    "/b.txt",
  ]);
});
