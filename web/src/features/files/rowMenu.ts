/** What can be done with what is chosen in the tree. Pure but for the acts it is given. */
import type { Entry } from "@/api/types";
import { plural } from "@/ui/format";
import type { MenuEntry } from "@/ui/MenuButton";
import { isFile, isFolder, isOutside, isUnnamable } from "./tree";

export interface MenuActs {
  open: () => void;
  diff: () => void;
  newFile: () => void;
  newFolder: () => void;
  upload: () => void;
  rename: () => void;
  moveTo: () => void;
  copyPath: () => void;
  download: () => void;
  remove: () => void;
}

export interface MenuOf {
  /** The row the menu belongs to; null for the project itself. */
  entry: Entry | null;
  /** How many rows it acts on. */
  count: number;
  changed: boolean;
  running: boolean;
}

export function rowMenu({ entry, count, changed, running }: MenuOf, act: MenuActs): MenuEntry[] {
  if (count > 1) return manyMenu(count, running, act);
  if (entry && isUnnamable(entry)) return [];
  const folder = !entry || isFolder(entry);
  const inert = entry !== null && isOutside(entry);
  const reads = running && !inert;
  const fresh: MenuEntry[] = [
    { icon: "file", text: "New file", run: act.newFile },
    { icon: "folder", text: "New folder", run: act.newFolder },
    { icon: "upload", text: "Upload files", run: act.upload },
  ];
  if (!entry) return [...(running ? fresh : []), "line", running && download(true, act)];
  return [
    reads && isFile(entry) && { icon: "file", text: "Open", hint: "Enter", run: act.open },
    changed && isFile(entry) && running && { icon: "changes", text: "Open changes", run: act.diff },
    ...(folder && reads ? fresh : []),
    "line",
    running && { icon: "pen", text: "Rename", hint: "F2", run: act.rename },
    running && { icon: "right", text: "Move to", run: act.moveTo },
    { icon: "copy", text: "Copy path", hint: "Ctrl C", run: act.copyPath },
    reads && (isFile(entry) || folder) && download(folder, act),
    running && "line",
    running && { icon: "trash", text: "Delete", hint: "Del", danger: true, run: act.remove },
  ];
}

function download(folder: boolean, act: MenuActs): MenuEntry {
  return { icon: "download", text: folder ? "Download as zip" : "Download", run: act.download };
}

function manyMenu(count: number, running: boolean, act: MenuActs): MenuEntry[] {
  const all = plural(count, "item", "items");
  return [
    running && { icon: "right", text: `Move ${all} to`, run: act.moveTo },
    { icon: "copy", text: "Copy paths", hint: "Ctrl C", run: act.copyPath },
    running && "line",
    running && { icon: "trash", text: `Delete ${all}`, hint: "Del", danger: true, run: act.remove },
  ];
}
