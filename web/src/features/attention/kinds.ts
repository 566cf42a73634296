/** What calls for a person, in words and marks. */
import type { NoticeKind } from "@/api/types";
import type { Shape } from "@/ui/StateMark";

interface KindLook {
  shape: Shape;
  tone: string;
  word: string;
  /** When it is said, for the settings. */
  when: string;
}

export const KINDS: Record<NoticeKind, KindLook> = {
  waiting: { shape: "triangle", tone: "text-waiting", word: "waiting", when: "An agent asks something" },
  done: { shape: "check", tone: "text-done", word: "done", when: "An agent has finished its turn" },
  failed: { shape: "cross", tone: "text-failed", word: "failed", when: "A run failed or is at a limit" },
  stuck: { shape: "square", tone: "text-failed", word: "stuck", when: "A run goes round in circles" },
  notify: {
    shape: "disc",
    tone: "text-accent",
    word: "notice",
    when: "A program in a machine calls for you",
  },
};

export const KIND_NAMES = Object.keys(KINDS) as NoticeKind[];

/** "every notice", or those chosen: "waiting, failed". */
export function kindsWords(kinds: readonly NoticeKind[]): string {
  if (kinds.length === KIND_NAMES.length) return "every notice";
  return KIND_NAMES.filter((kind) => kinds.includes(kind))
    .map((kind) => KINDS[kind].word)
    .join(", ");
}
