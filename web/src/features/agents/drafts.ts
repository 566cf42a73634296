/** Replies that are begun and not sent, so that an event that moves a row loses none. Each belongs to one question. */

const drafts = new Map<string, string>();

export function draftOf(id: string): string {
  return drafts.get(id) ?? "";
}

export function keepDraft(id: string, text: string): void {
  if (text) drafts.set(id, text);
  else drafts.delete(id);
}
