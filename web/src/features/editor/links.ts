/** Where an address written in a file of the project leads. Pure. */
import { folderOf } from "./tabs";

export type Target =
  | { kind: "file"; path: string; hash: string }
  | { kind: "here"; hash: string }
  /** Another site, to be opened in a window of its own. */
  | { kind: "away"; url: string }
  | { kind: "data"; url: string }
  /** Nothing a page should follow. */
  | { kind: "none" };

export function targetOf(address: string, from: string): Target {
  if (address.startsWith("#")) return { kind: "here", hash: address.slice(1) };
  if (/^https?:\/\//i.test(address) || /^mailto:/i.test(address)) return { kind: "away", url: address };
  if (/^data:image\//i.test(address)) return { kind: "data", url: address };
  if (/^([a-z][\w+.-]*:|\/\/)/i.test(address) || !address) return { kind: "none" };
  const [, place = "", hash = ""] = /^([^#?]*)(?:\?[^#]*)?(?:#(.*))?$/.exec(address) ?? [];
  const path = resolved(unescaped(place), from);
  return path ? { kind: "file", path, hash } : { kind: "none" };
}

function unescaped(place: string): string {
  try {
    return decodeURIComponent(place);
  } catch {
    return place;
  }
}

/** Absolute in the project; null for what would lead out of it. */
function resolved(place: string, from: string): string | null {
  const parts = place.startsWith("/") ? [] : folderOf(from).split("/").filter(Boolean);
  for (const part of place.split("/")) {
    if (part === "..") {
      if (!parts.pop()) return null;
    } else if (part && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The name under which a heading is linked to, as forges make it. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s+/g, "-");
}
