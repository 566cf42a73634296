import { expect, test } from "vitest";
import type { CatalogEntry, Key } from "@/api/types";
import { firstChoice, hasKey, missingKey } from "./choices";

function entry(name: string, key_names: string[]): CatalogEntry {
  const rest = { summary: "", homepage: "", vendors: [], takes_prompt: true, takes_command: false };
  return { name, title: name, key_names, resumes: true, seen_version: "1", ...rest };
}

function key(name: string, projects: string[] | null = null): Key {
  const at = "2026-11-22T10:00:00Z";
  const times = { created_at: at, updated_at: at, last_used_at: null, refused_at: null };
  return { name, vendor: "", mode: "brokered", last4: "abcd", projects, version: 1, ...times };
}

const claude = entry("claude-code", ["ANTHROPIC_API_KEY"]);
const opencode = entry("opencode", ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]);
const command = entry("command", []);

test("one of an agent's keys is enough, and a program of one's own needs none", () => {
  expect(hasKey(opencode, [key("OPENAI_API_KEY")], "a")).toBe(true);
  expect(hasKey(claude, [key("OPENAI_API_KEY")], "a")).toBe(false);
  expect(hasKey(command, [], "a")).toBe(true);
});

test("a key for other projects is missing here, and is told apart from one that is not there", () => {
  expect(missingKey(claude, [], "a")).toEqual({ name: "ANTHROPIC_API_KEY", kept: false });
  expect(missingKey(claude, [key("ANTHROPIC_API_KEY", ["b"])], "a")).toEqual({
    name: "ANTHROPIC_API_KEY",
    kept: true,
  });
  expect(missingKey(claude, [key("ANTHROPIC_API_KEY", ["a"])], "a")).toBeNull();
});

test("the last agent comes first, then the first with a key", () => {
  const catalog = [claude, opencode, command];
  expect(firstChoice(catalog, [], "a", "command")).toBe("command");
  expect(firstChoice(catalog, [key("OPENAI_API_KEY")], "a", "gone")).toBe("opencode");
  expect(firstChoice(catalog, [], "a", "")).toBe("claude-code");
  expect(firstChoice([], [], "a", "")).toBe("");
});
