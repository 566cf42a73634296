/** Words and files of key pairs. */
import type { AgentToken } from "@/api/types";

export const DEFAULT_FILE = "~/.ssh/aether";

/** The last part of a path, as a download is called. */
export function fileName(path: string): string {
  return path.split("/").filter(Boolean).at(-1) ?? "aether";
}

const KINDS: Record<string, string> = {
  "ssh-ed25519": "Ed25519",
  "sk-ssh-ed25519@openssh.com": "Ed25519 on a security key",
  "ecdsa-sha2-nistp256": "ECDSA",
  "ecdsa-sha2-nistp384": "ECDSA",
  "ecdsa-sha2-nistp521": "ECDSA",
  "sk-ecdsa-sha2-nistp256@openssh.com": "ECDSA on a security key",
  "ssh-rsa": "RSA",
};

/** "Ed25519", from the first word of an OpenSSH line. */
export function kindOf(token: AgentToken): string {
  const kind = token.public_key.split(" ", 1)[0] ?? "";
  return KINDS[kind] ?? kind;
}

// A browser reads it after the click, and says nothing when it has; some take their time.
const READ_MS = 40_000;

/** Puts a text into the browser's downloads. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), READ_MS);
}
