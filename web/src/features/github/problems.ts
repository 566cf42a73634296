/** Why GitHub sent a person back without what they came for. */

const WORDS: Record<string, string> = {
  "github-denied": "You did not allow it at GitHub. Nothing has changed.",
  "github-state":
    "That way back from GitHub is over: it took too long, or began in another browser. Try again.",
  "github-code": "GitHub did not take its own code back. Try again.",
  "github-email-unverified":
    "Your primary address at GitHub is not verified. Verify it there, then try again.",
  "github-email-taken":
    "There is an account with your address at GitHub. Sign in with its password, then link GitHub in the settings.",
  "github-taken": "That GitHub account is linked to another account of aether. Unlink it there first.",
  "github-linked-already": "Another GitHub account is linked. Unlink that one first.",
  "github-off": "This server is not set up for GitHub.",
  "github-away": "GitHub does not answer. Try again in a moment.",
};

/** A sentence for the code in the address; empty when there is none. */
export function problemWords(code: string | undefined): string {
  if (!code) return "";
  return WORDS[code] ?? "It did not work with GitHub. Try again.";
}
