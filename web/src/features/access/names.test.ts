import { afterEach, expect, test, vi } from "vitest";
import type { AgentToken } from "@/api/types";
import { fileName, kindOf, saveText } from "./names";

test.each([
  ["~/.ssh/aether", "aether"],
  ["C:/Volumes/ada/.ssh/web key", "web key"],
  ["/", "aether"],
])("%s is downloaded as %s", (path, name) => expect(fileName(path)).toBe(name));

test.each([
  ["ssh-ed25519 AAAAC3Nz ada@laptop", "Ed25519"],
  ["sk-ssh-ed25519@openssh.com AAAAGnNr", "Ed25519 on a security key"],
  ["ssh-rsa AAAAB3Nz", "RSA"],
  ["ssh-dilithium AAAA", "ssh-dilithium"],
])("%s is of kind %s", (public_key, kind) => expect(kindOf({ public_key } as AgentToken)).toBe(kind));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a download can still be read well after the press, and is let go of then", () => {
  vi.useFakeTimers();
  const letGo = vi.spyOn(URL, "revokeObjectURL");
  const link = { href: "", download: "", click: vi.fn() };
  vi.stubGlobal("document", { createElement: () => link });
  saveText("aether", "secret");
  expect(link.click).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10_000);
  expect(letGo).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(letGo).toHaveBeenCalledExactlyOnceWith(link.href);
});
