/** Replies that are begun and not sent, so that an event that moves a row loses none. */
import { useSyncExternalStore } from "react";

const drafts = new Map<string, string>();
const listeners = new Set<() => void>();

export function draftOf(runId: string): string {
  return drafts.get(runId) ?? "";
}

export function keepDraft(runId: string, text: string): void {
  if (text) drafts.set(runId, text);
  else drafts.delete(runId);
  for (const listener of listeners) listener();
}

/** What was sent and refused stands before what has been begun since. */
export function giveBack(runId: string, text: string): void {
  keepDraft(runId, [text, draftOf(runId)].filter(Boolean).join("\n"));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDraft(runId: string): string {
  return useSyncExternalStore(subscribe, () => draftOf(runId));
}
