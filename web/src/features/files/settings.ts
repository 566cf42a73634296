import { useSyncExternalStore } from "react";

/** How this browser shows files; kept in its storage. */
export interface FileSettings {
  /** Names that begin with a dot. */
  hidden: boolean;
}

const KEY = "aether.files";
const listeners = new Set<() => void>();

let settings: FileSettings = { hidden: true, ...stored() };

function stored(): Partial<FileSettings> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<FileSettings>;
  } catch {
    return {};
  }
}

export function setFileSettings(change: Partial<FileSettings>): void {
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

export function useFileSettings(): FileSettings {
  return useSyncExternalStore(subscribe, () => settings);
}
