import { NARROW } from "@/ui/media";
import { Stored, useStored } from "@/ui/stored";

/** How this browser shows files; kept in its storage. */
export interface EditorSettings {
  /** Long lines go on in the next row. */
  wrap: boolean;
  vim: boolean;
  fontSize: number;
}

// On a phone a line that goes on beyond the edge is hard to follow.
const narrow = globalThis.matchMedia?.(NARROW).matches ?? false;

const stored = new Stored<EditorSettings>("aether.editor", { wrap: narrow, vim: false, fontSize: 13 });

export const setEditorSettings = stored.set;

export function useEditorSettings(): EditorSettings {
  return useStored(stored);
}
