/** What a file is by its name, and how it can be shown. Pure. */
import type { Mode, Tab } from "./tabs";

export type Kind = "picture" | "drawing" | "markdown" | "text";

export function kindOf(path: string): Kind {
  if (/\.(png|jpe?g|gif|webp|avif|ico|bmp)$/i.test(path)) return "picture";
  if (/\.svg$/i.test(path)) return "drawing";
  return /\.(md|mdx|markdown|mkd)$/i.test(path) ? "markdown" : "text";
}

export function modesOf(path: string): readonly Mode[] {
  return kindOf(path) === "text" ? ["text", "diff"] : ["text", "diff", "preview"];
}

/** A kept tab may ask for a way its file no longer has. */
export function shownMode(tab: Tab): Mode {
  return modesOf(tab.path).includes(tab.mode) ? tab.mode : "text";
}
