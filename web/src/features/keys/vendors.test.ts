import { describe, expect, test } from "vitest";
import { sampleProject } from "@/api/samples";
import type { Key } from "@/api/types";
import { misplaced, projectWords } from "./vendors";

const PROJECTS = [sampleProject("a", { name: "web" }), sampleProject("b", { name: "api" })];

function key(projects: string[] | null): Key {
  return { name: "K", projects } as Key;
}

describe("who has a key", () => {
  test.each([
    [null, "every project"],
    [[], "no project"],
    [["a"], "web"],
    [["a", "b"], "web and api"],
    [["gone"], "1 project"],
    [["a", "b", "c"], "3 projects"],
  ])("%j is %s", (ids, words) => expect(projectWords(key(ids), PROJECTS)).toBe(words));
});

describe("a key in the wrong place", () => {
  test.each([
    ["OPENAI_API_KEY", "sk-ant-api03-x", "Anthropic"],
    ["ANTHROPIC_API_KEY", "sk-proj-x", "OpenAI"],
    ["ANTHROPIC_API_KEY", "sk-or-v1-x", "OpenRouter"],
  ])("%s given %s is %s's", (name, value, title) => expect(misplaced(name, value)?.title).toBe(title));

  test.each([
    ["ANTHROPIC_API_KEY", "sk-ant-api03-x"],
    ["OPENAI_API_KEY", "sk-proj-x"],
    ["OPENAI_API_KEY", "my-own-gateway"],
    ["DEPLOY_KEY", "sk-ant-x"],
  ])("%s given %s is no mistake", (name, value) => expect(misplaced(name, value)).toBeNull());
});
