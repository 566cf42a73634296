/** Which tabs stand, from what the server has open and what ended before our eyes. Pure. */
import type { Terminal } from "@/api/types";

export function tabName(terminal: Terminal, at: number): string {
  return terminal.name || terminal.command || `Terminal ${at + 1}`;
}

/**
 * The open terminals, with those that ended while they were shown left in their places until they are dismissed: their
 * last output may be what one wanted to see.
 */
export function mergeTabs(
  shown: readonly Terminal[],
  open: readonly Terminal[],
  dismissed: ReadonlySet<string>,
): Terminal[] {
  const now = new Map(open.map((terminal) => [terminal.id, terminal]));
  const known = new Set(shown.map((terminal) => terminal.id));
  const kept = shown.map((terminal) => now.get(terminal.id) ?? { ...terminal, state: "closed" as const });
  const fresh = open.filter((terminal) => !known.has(terminal.id));
  return [...kept, ...fresh].filter((terminal) => !dismissed.has(terminal.id));
}

/** The tab to show after this one is gone: its right neighbour, else its left. */
export function neighbour(tabs: readonly Terminal[], id: string): string | undefined {
  const at = tabs.findIndex((terminal) => terminal.id === id);
  return (tabs[at + 1] ?? tabs[at - 1])?.id;
}
