/** Names for a second version beside a file. Pure. */
import { baseName, folderOf } from "./tabs";

/** "/src/a.mine.ts", then "/src/a.mine-2.ts" and on, as many as anybody may have left. */
export function copyNames(path: string, count = 50): string[] {
  const name = baseName(path);
  const dot = name.lastIndexOf(".");
  // A name that begins with its only dot has no ending.
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  return Array.from({ length: count }, (_, at) => {
    const mark = at === 0 ? "mine" : `mine-${at + 1}`;
    return `${folderOf(path)}/${stem}.${mark}${ending}`;
  });
}
