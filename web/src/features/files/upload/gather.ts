/** Files and folders that were dropped or chosen, with the paths they go to. */
import { join } from "../paths";
import type { Given } from "./queue";

/** What was dropped: folders with all they hold where the browser hands them out, else plain files. */
export interface Dropped {
  entries: FileSystemEntry[];
  files: File[];
}

/** Must be taken while the drop event runs; afterwards the browser forgets it. */
export function takeDropped(items: DataTransferItemList): Dropped {
  const dropped: Dropped = { entries: [], files: [] };
  for (const item of items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) dropped.entries.push(entry);
    else if (file) dropped.files.push(file);
  }
  return dropped;
}

/** Everything that was dropped, folders walked through; empty folders are kept as such. */
export async function gather({ entries, files }: Dropped, into: string): Promise<Given[]> {
  const found = chosen(files, into);
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
