import { expect, test } from "vitest";
import type { Port } from "@/api/types";
import { appeared, inOrder, portName } from "./words";

function port(number: number, more: Partial<Port> = {}): Port {
  const at = "2026-11-22T10:00:00Z";
  const url = `http://${number}--web.localhost`;
  return {
    port: number,
    process: "",
    label: "",
    visibility: "private",
    listening: true,
    listening_since: at,
    url,
    ...more,
  };
}

test("what can be opened stands first", () => {
  const ports = [port(9000), port(3000, { listening: false }), port(5173)];
  expect(inOrder(ports).map((each) => each.port)).toEqual([5173, 9000, 3000]);
});

test("a port is called by its label, else its program, else its number", () => {
  expect(portName(port(1, { label: "docs", process: "node" }))).toBe("docs");
  expect(portName(port(1, { process: "node" }))).toBe("node");
  expect(portName(port(1))).toBe("1");
});

test("a port is new when it did not listen before, also if it had a label already", () => {
  const before = [port(1), port(2, { listening: false, label: "app" })];
  const now = [port(1), port(2, { label: "app" }), port(3), port(4, { listening: false })];
  expect(appeared(before, now).map((each) => each.port)).toEqual([2, 3]);
});
