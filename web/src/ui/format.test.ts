import { describe, expect, test } from "vitest";
import { browserName } from "./browser";
import { ago, lasted, repoName, until } from "./format";
import { bytes, megabytes, size } from "./sizes";

const NOW = Date.parse("2026-11-22T12:00:00Z");

function at(seconds: number): string {
  return new Date(NOW + seconds * 1000).toISOString();
}

describe("times", () => {
  test.each([
    [-10, "just now"],
    [30, "just now"],
    [-60, "1 min ago"],
    [-59 * 60, "59 min ago"],
    [-3 * 3600, "3 h ago"],
    [-24 * 3600, "1 day ago"],
    [-5 * 86_400, "5 days ago"],
  ])("%i s from now is %s", (seconds, words) => expect(ago(at(seconds), NOW)).toBe(words));

  test.each([
    [-1, "now"],
    [40, "in 40 s"],
    [24 * 60, "in 24 min"],
    [23 * 60 + 40, "in 24 min"],
    [30 * 60 + 5, "in 30 min"],
    [3600, "in 1 h"],
    [7500, "in 2 h 5 min"],
  ])("%i s ahead is %s", (seconds, words) => expect(until(at(seconds), NOW)).toBe(words));

  test("a length never runs backwards, whatever a clock did", () => {
    expect(lasted(at(0), at(42))).toBe("42 s");
    expect(lasted(at(0), at(3900))).toBe("1 h 5 min");
    expect(lasted(at(10), at(0))).toBe("0 s");
  });
});

describe("addresses", () => {
  test.each([
    ["https://github.com/acme/web.git", "acme/web"],
    ["https://user:secret@git.example.org/team/sub/app", "sub/app"],
    ["git@github.com:ada/notes.git", "ada/notes"],
    ["file:///srv/git/fixture.git", "git/fixture"],
    ["ssh://git@host:2222/a/b.git", "a/b"],
  ])("%s is %s", (url, name) => expect(repoName(url)).toBe(name));
});

test("sizes", () => {
  expect(megabytes(512)).toBe("512 MB");
  expect(megabytes(2048)).toBe("2 GB");
  expect(bytes(1)).toBe("1 byte");
  expect(bytes(65_536)).toBe("64 KB");
});

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [1_023, "1023 bytes"],
  [1_280, "1.3 KB"],
  [870_000_000, "830 MB"],
  [1_073_741_824, "1 GB"],
])("a file of %i has %s", (count, words) => expect(size(count)).toBe(words));

test("a browser is known by its name and system", () => {
  expect(browserName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36")).toBe(
    "Chrome on Linux",
  );
  expect(browserName("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) Version/19 Safari/605")).toBe(
    "Safari on macOS",
  );
  expect(browserName("aether-cli/0.1.0")).toBe("aether-cli/0.1.0");
});
