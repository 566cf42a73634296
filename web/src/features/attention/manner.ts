/** How a person is called for a notice. Pure. */
import type { AttentionSettings, Notice } from "@/api/types";
import { isQuiet } from "./quiet";

// What a resumed stream tells of long after is shown, but is no reason to ring.
const FRESH_MS = 5 * 60_000;

export interface Manner {
  sound: boolean;
  notification: boolean;
}

/** What a page that has the focus looks at comes as read already; another page of aether says nothing of it. */
export function manner(notice: Notice, settings: AttentionSettings, now: Date): Manner {
  const late = now.getTime() - Date.parse(notice.created_at) > FRESH_MS;
  const wanted = settings.kinds.includes(notice.kind) && !isQuiet(settings, now);
  const calls = wanted && !late && !notice.read_at;
  return { sound: calls && settings.sound, notification: calls && settings.push };
}
