import { useSyncExternalStore } from "react";

/** Choices that a browser keeps in its storage under `key`; what was never chosen is as in `defaults`. */
export class Stored<Settings extends object> {
  #settings: Settings;
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly key: string,
    defaults: Settings,
  ) {
    this.#settings = { ...defaults, ...this.#read() };
    // What is chosen in one tab holds in all of them; without a key, everything was forgotten.
    globalThis.addEventListener?.("storage", (event) => {
      if (event.key === key || event.key === null) this.#take({ ...defaults, ...this.#read() });
    });
  }

  readonly set = (change: Partial<Settings>): void => {
    const settings = { ...this.#settings, ...change };
    try {
      localStorage.setItem(this.key, JSON.stringify(settings));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    this.#take(settings);
  };

  readonly get = (): Settings => this.#settings;

  #take(settings: Settings): void {
    this.#settings = settings;
    for (const listener of this.#listeners) listener();
  }

  #read(): Partial<Settings> {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "{}") as Partial<Settings>;
    } catch {
      return {};
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export function useStored<Settings extends object>(stored: Stored<Settings>): Settings {
  return useSyncExternalStore(stored.subscribe, stored.get);
}
