/** Files and folders that were dropped or chosen, with the paths they go to. */
import { folderOf, join } from "../paths";
import type { Given } from "./queue";

/** Entries must be taken while the drop event runs; afterwards the browser forgets them. */
export function takeEntries(items: DataTransferItemList): FileSystemEntry[] {
  return [...items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
}

/** Everything in the entries, folders walked through; empty folders are kept as such. */
export async function gather(entries: readonly FileSystemEntry[], into: string): Promise<Given[]> {
  const found: Given[] = [];
  for (const entry of entries) await addEntry(found, entry, into);
  return found;
}

async function addEntry(found: Given[], entry: FileSystemEntry, into: string): Promise<void> {
  const path = join(into, entry.name);
  if (entry.isFile) {
    found.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
    return;
  }
  const inside = await entriesIn(entry as FileSystemDirectoryEntry);
  if (!inside.length) found.push({ path, file: null });
  for (const child of inside) await addEntry(found, child, path);
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader hands out at most a hundred at a time, and nothing once it has handed out all. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) return all;
    all.push(...some);
  }
}

/** The files of an input; those of a chosen folder know where in it they lie. */
export function chosen(files: Iterable<File>, into: string): Given[] {
  return [...files].map((file) => ({ path: join(into, file.webkitRelativePath || file.name), file }));
}

/** Where what was given will appear at first glance: the outermost new names. */
export function foldersTouched(given: readonly Given[]): string[] {
  return [...new Set(given.map(({ path }) => folderOf(path)))];
}
