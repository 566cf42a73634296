import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light" | "system";

export const THEME_WORDS: Record<Theme, string> = { dark: "Dark", light: "Light", system: "System" };

export const THEMES: readonly Theme[] = ["dark", "light", "system"];

const KEY = "aether.theme";
const listeners = new Set<() => void>();

/** What public/theme.js set before the first paint. */
function theme(): Theme {
  const now = document.documentElement.dataset.theme;
  return now === "light" || now === "system" ? now : "dark";
}

export function setTheme(next: Theme): void {
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  tell();
}

/** Calls back when the colours may have changed: by choice, or by the system's when that is followed. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}

function tell(): void {
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(onTheme, theme);
}
