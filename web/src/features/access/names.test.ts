import { expect, test } from "vitest";
import type { AgentToken } from "@/api/types";
import { fileName, kindOf } from "./names";

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
