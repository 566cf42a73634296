import { Stored, useStored } from "@/ui/stored";

/** How this browser shows terminals; kept in its storage. */
export interface TerminalSettings {
  fontSize: number;
  screenReader: boolean;
}

const stored = new Stored<TerminalSettings>("aether.terminal", { fontSize: 13, screenReader: false });

export const setTerminalSettings = stored.set;

export function useTerminalSettings(): TerminalSettings {
  return useStored(stored);
}
