/** Commands that the page which is shown adds to the palette. */
import type { Command } from "./commands";

const offers = new Set<readonly Command[]>();

/** Offers them until the answer is called. */
export function offerCommands(commands: readonly Command[]): () => void {
  offers.add(commands);
  return () => offers.delete(commands);
}

export function offeredCommands(): Command[] {
  return [...offers].flat();
}
