/** Which agents may be chosen, what they lack, and what was chosen last. */
import type { CatalogEntry, Key } from "@/api/types";
import { Stored } from "@/ui/stored";

/** The agent that was started last in this browser is the first choice for the next. */
export const lastAgent = new Stored<{ agent: string }>("aether.agent", { agent: "" });

/** True when the person has one of the keys it can work with, for this project. */
export function hasKey(entry: CatalogEntry, keys: readonly Key[], projectId: string | undefined): boolean {
  const may = ({ projects }: Key): boolean => !projects || !projectId || projects.includes(projectId);
  return !entry.key_names.length || keys.some((key) => entry.key_names.includes(key.name) && may(key));
}

/** The key to speak of where one is missing, and whether the person has it, only not for this project. */
export function missingKey(
  entry: CatalogEntry,
  keys: readonly Key[],
  projectId: string | undefined,
): { name: string; kept: boolean } | null {
  if (hasKey(entry, keys, projectId)) return null;
  const kept = entry.key_names.find((name) => keys.some((key) => key.name === name));
  return { name: kept ?? entry.key_names[0] ?? "", kept: kept !== undefined };
}

/** The one to begin with: the last one, else the first whose key is there, else the first. */
export function firstChoice(
  catalog: readonly CatalogEntry[],
  keys: readonly Key[],
  projectId: string | undefined,
  wanted: string,
): string {
  const named = catalog.find(({ name }) => name === wanted);
  const ready = catalog.find((entry) => entry.key_names.length && hasKey(entry, keys, projectId));
  return (named ?? ready ?? catalog[0])?.name ?? "";
}
