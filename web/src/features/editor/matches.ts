import type { SearchQuery } from "@codemirror/search";
import type { EditorState } from "@codemirror/state";

const MOST = 1_000;

export interface Matches {
  count: number;
  /** There are more than were counted. */
  more: boolean;
  /** Which of them is selected, from 1; 0 when none is. */
  at: number;
}

export function countMatches(state: EditorState, query: SearchQuery): Matches {
  const found: Matches = { count: 0, more: false, at: 0 };
  if (!query.valid || !query.search) return found;
  const { from, to } = state.selection.main;
  const cursor = query.getCursor(state);
  for (let next = cursor.next(); !next.done; next = cursor.next()) {
    if (found.count === MOST) return { ...found, more: true };
    found.count++;
    if (next.value.from === from && next.value.to === to) found.at = found.count;
  }
  return found;
}
