/** Vendors whose keys agents ask for, by the name of the key. Pure. */
import type { Key, KeyMode, Project } from "@/api/types";
import { plural } from "@/ui/format";

export interface Vendor {
  name: string;
  title: string;
  /** How its keys begin, so that one in the wrong place is seen. */
  begins: string;
}

export const VENDORS: readonly Vendor[] = [
  { name: "ANTHROPIC_API_KEY", title: "Anthropic", begins: "sk-ant-" },
  { name: "OPENAI_API_KEY", title: "OpenAI", begins: "sk-" },
  { name: "GEMINI_API_KEY", title: "Google Gemini", begins: "AIza" },
  { name: "OPENROUTER_API_KEY", title: "OpenRouter", begins: "sk-or-" },
];

const TITLES: Record<string, string> = {
  anthropic: "Anthropic",
  openai: "OpenAI",
  google: "Google Gemini",
  openrouter: "OpenRouter",
};

export function vendorTitle(vendor: string): string {
  return TITLES[vendor] ?? vendor;
}

export const MODE_WORDS: Record<KeyMode, { word: string; note: string }> = {
  brokered: {
    word: "brokered",
    note: "Agents reach the vendor through aether, which puts the key in. It never enters a machine.",
  },
  injected: {
    word: "in machines",
    note: "Stands in the environment of new terminals, for any program to read. Kept in memory, not on the disk.",
  },
};

/** Whose key a value looks like, if it looks like that of another vendor than the one it is given for. */
export function misplaced(name: string, value: string): Vendor | null {
  const looks = VENDORS.filter(({ begins }) => value.startsWith(begins)).sort(
    (a, b) => b.begins.length - a.begins.length,
  )[0];
  const meant = VENDORS.some((vendor) => vendor.name === name);
  return meant && looks && looks.name !== name ? looks : null;
}

/** "every project", "web", "web and api", "3 projects". */
export function projectWords(key: Key, projects: Project[] | undefined): string {
  if (!key.projects) return "every project";
  const names = key.projects.map((id) => projects?.find((project) => project.id === id)?.name);
  if (!names.length) return "no project";
  if (names.length > 2 || names.some((name) => !name)) return plural(names.length, "project", "projects");
  return names.join(" and ");
}
