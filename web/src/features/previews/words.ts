/** What is said of ports. Pure. */
import type { Port, Visibility } from "@/api/types";

export const VISIBILITY_WORDS: Record<Visibility, string> = {
  private: "Private",
  team: "Team",
  public: "Public",
};

/** What each means, in the words of the person who decides. */
export const VISIBILITY_MEANING: Record<Visibility, string> = {
  private: "Only people of this project, signed in",
  team: "Everybody of the team, signed in",
  public: "Anybody who has the link",
};

/** "vite" on 5173, "5173" where the program is unknown; a label says more than either. */
export function portName(port: Port): string {
  return port.label || port.process || String(port.port);
}

/** Those somebody can open now first, each part by number. */
export function inOrder(ports: readonly Port[]): Port[] {
  return [...ports].sort((a, b) => Number(b.listening) - Number(a.listening) || a.port - b.port);
}

/** The ports that listen now and did not before. */
export function appeared(before: readonly Port[], now: readonly Port[]): Port[] {
  const known = new Set(before.filter(({ listening }) => listening).map(({ port }) => port));
  return now.filter(({ port, listening }) => listening && !known.has(port));
}
