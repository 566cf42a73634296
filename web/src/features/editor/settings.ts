import { useSyncExternalStore } from "react";
import { NARROW } from "@/ui/media";

/** How this browser shows files; kept in its storage. */
export interface EditorSettings {
  /** Long lines go on in the next row. */
  wrap: boolean;
  vim: boolean;
  fontSize: number;
}

const KEY = "aether.editor";
const listeners = new Set<() => void>();

// On a phone a line that goes on beyond the edge is hard to follow.
const narrow = globalThis.matchMedia?.(NARROW).matches ?? false;

let settings: EditorSettings = { wrap: narrow, vim: false, fontSize: 13, ...stored() };

function stored(): Partial<EditorSettings> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<EditorSettings>;
  } catch {
    return {};
  }
}

export function setEditorSettings(change: Partial<EditorSettings>): void {
  settings = { ...settings, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useEditorSettings(): EditorSettings {
  return useSyncExternalStore(subscribe, () => settings);
}
