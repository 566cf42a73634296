/** Counts of bytes in the words of this app. Pure. */
import { plural } from "./format";

/** MiB as people say it: "512 MB", "2 GB". */
export function megabytes(count: number): string {
  return count >= 1024 ? `${Math.round((count / 1024) * 10) / 10} GB` : `${count} MB`;
}

export function bytes(count: number): string {
  return count < 1024 ? plural(count, "byte", "bytes") : `${Math.round(count / 1024)} KB`;
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** The size of a file: "0 bytes", "1.2 KB", "830 MB". */
export function size(count: number): string {
  const power = count < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** power;
  const shown = power === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
  return power === 0 ? plural(count, "byte", "bytes") : `${shown} ${UNITS[power]}`;
}
