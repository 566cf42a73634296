/** Paths of a project: absolute, "/" is its root. Pure. */

export const ROOT = "/";

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder a path lies in; the root lies in itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/"))) || ROOT;
}

export function join(folder: string, name: string): string {
  return folder === ROOT ? `/${name}` : `${folder}/${name}`;
}

/** True for the path itself and for everything under it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === ROOT || path === folder || path.startsWith(`${folder}/`);
}

/** The folders on the way to a path, from the outside: "/a/b/c" lies in "/a" and "/a/b". */
export function foldersTo(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, at) => `/${parts.slice(0, at + 1).join("/")}`);
}

/** What is wrong with a name somebody typed, in a sentence; "" when nothing is. */
export function nameFault(name: string, taken: ReadonlySet<string> = new Set()): string {
  if (!name) return "A name is needed.";
  if (name === "." || name === "..") return `“${name}” is no name.`;
  if (name.includes("/")) return "A name cannot hold a slash.";
  if (name.includes("\0")) return "A name cannot hold a zero byte.";
  if (new TextEncoder().encode(name).length > 255) return "The name is longer than 255 bytes.";
  return taken.has(name) ? `“${name}” is there already.` : "";
}

/** What is wrong with a path relative to a folder: new files may be given with the folders they lie in. */
export function pathFault(path: string, taken: ReadonlySet<string> = new Set()): string {
  const parts = path.replace(/\/+$/, "").split("/");
  if (parts.length === 1) return nameFault(parts[0] ?? "", taken);
  return parts.map((part) => nameFault(part)).find(Boolean) ?? "";
}

/** A path as somebody types it, made whole: one leading slash, no empty parts, none at the end. Null if it leads nowhere. */
export function typedPath(text: string): string | null {
  const parts = text.trim().split("/").filter(Boolean);
  return parts.some((part) => nameFault(part)) ? null : `/${parts.join("/")}`;
}

/** Where the ending begins: "archive.tar.gz" ends in ".gz", ".profile" in nothing. */
export function endingAt(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? dot : name.length;
}

/** "notes.md" beside one of that name: "notes (2).md". */
export function numbered(path: string, number: number): string {
  const name = nameOf(path);
  const at = endingAt(name);
  return join(folderOf(path), `${name.slice(0, at)} (${number})${name.slice(at)}`);
}

export interface Goal {
  text: string;
  line?: number;
  column?: number;
}

/** "src/a.ts:12:3" as what is looked for and the place in it. */
export function goalOf(typed: string): Goal {
  const found = /^(.*?):(\d+)?(?::(\d+)?)?$/.exec(typed.trim());
  if (!found) return { text: typed.trim() };
  const [, text = "", line, column] = found;
  return {
    text,
    ...(line ? { line: Number(line) } : {}),
    ...(line && column ? { column: Number(column) } : {}),
  };
}

/** Paths without those that lie within another one of them: what is done to a folder is done to its inside. */
export function outermost(paths: Iterable<string>): string[] {
  const sorted = [...new Set(paths)].sort();
  return sorted.filter((path) => !sorted.some((other) => other !== path && isWithin(path, other)));
}

/** The moves that bring paths into a folder; what is there already, and what would go into itself, stays. */
export function movesInto(paths: Iterable<string>, folder: string): { from: string; to: string }[] {
  return outermost(paths)
    .filter((path) => folderOf(path) !== folder && !isWithin(folder, path))
    .map((from) => ({ from, to: join(folder, nameOf(from)) }));
}
