import { useSyncExternalStore } from "react";

/** How this browser shows terminals; kept in its storage. */
export interface TerminalSettings {
  fontSize: number;
  screenReader: boolean;
}

const KEY = "aether.terminal";
const listeners = new Set<() => void>();

let settings: TerminalSettings = { fontSize: 13, screenReader: false, ...stored() };

function stored(): Partial<TerminalSettings> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<TerminalSettings>;
  } catch {
    return {};
  }
}

export function setTerminalSettings(change: Partial<TerminalSettings>): void {
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

export function useTerminalSettings(): TerminalSettings {
  return useSyncExternalStore(subscribe, () => settings);
}
