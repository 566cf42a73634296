/** Why GitHub sent a person back without what they came for. */

const WORDS: Record<string, string> = {
  "access-denied": "You did not allow it at GitHub. Nothing has changed.",
  "email-unverified": "Your address at GitHub is not verified. Verify it there, then try again.",
  "email-taken":
    "There is an account with this address already. Sign in with its password, then link GitHub in the settings.",
  "linked-elsewhere": "This GitHub account is linked to another account of aether. Unlink it there first.",
  "state-mismatch": "The answer of GitHub did not fit the question, or came too late. Try again.",
  "github-unavailable": "GitHub does not answer. Try again in a moment.",
};

/** A sentence for the code in the address; empty when there is none. */
export function problemWords(code: string | undefined): string {
  if (!code) return "";
  return WORDS[code] ?? "GitHub did not let you in. Try again.";
}
