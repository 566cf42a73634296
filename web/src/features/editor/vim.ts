/** Vim's keys, loaded when they are wanted. */
import type { Extension } from "@codemirror/state";
import { Vim, vim } from "@replit/codemirror-vim";

/** `:w` writes the file that is shown. */
export function vimKeys(write: () => void): Extension {
  Vim.defineEx("write", "w", write);
  return vim({ status: true });
}
