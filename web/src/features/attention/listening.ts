/** What a page does with the notices that come while it is open: ring, show, and go where a notification leads. */
import type { Notice, Run } from "@/api/types";
import { attentionQuery, readElsewhere } from "@/queries/attention";
import { queryClient } from "@/queries/client";
import type { ServerEvent } from "@/queries/events";
import { keys } from "@/queries/keys";
import { live } from "@/queries/link";
import { announce } from "@/ui/announce";
import { canNotify, forgetBrowser, keepOn, reach, show } from "./browser";
import { Freshness } from "./freshness";
import { manner } from "./manner";
import { chime } from "./sound";

const LOCK = "aether.listening";

async function ring(notice: Notice): Promise<void> {
  // Asked again when they are a minute old: another tab may have changed them.
  const settings = await queryClient.fetchQuery(attentionQuery);
  const { sound, notification } = manner(notice, settings, new Date());
  if (sound) void chime();
  // With a subscription the push service calls; twice for one thing would be noise.
  if (notification && (await reach()) === "page") await show({ ...notice, tag: notice.id });
}

/** What the new state of a run does not say already: the Watcher says that as it comes. */
function say({ kind, run_id, title }: Notice): void {
  const run = queryClient.getQueryData<Run[]>(keys.runs)?.find(({ id }) => id === run_id);
  if (run?.state !== kind) announce(title);
}

/**
 * Rings for what comes until the answer is called. Of several pages of one browser only one rings, also while nobody
 * looks at it: the one that holds the lock.
 */
export function listen(go: (path: string) => void): () => void {
  const over = new AbortController();
  let rings = !navigator.locks;
  const freshness = new Freshness(queryClient);
  const hear = (event: ServerEvent): void => {
    if (event.name === "run.changed") freshness.hear(event.data);
    if (event.name !== "notice.raised") return;
    say(event.data.notice);
    if (rings) ring(event.data.notice).catch(() => undefined);
  };
  const hold = (): Promise<void> => {
    rings = true;
    live.listenOn(true);
    return new Promise((release) => over.signal.addEventListener("abort", () => release()));
  };
  // A lock that is no longer wanted is refused with an AbortError.
  navigator.locks?.request(LOCK, { signal: over.signal }, hold).catch(() => undefined);
  const ended = live.onEvent(hear);
  readElsewhere.addEventListener("message", freshness.ask);
  const forget = takeLeads(go);
  return () => {
    over.abort();
    live.listenOn(false);
    readElsewhere.removeEventListener("message", freshness.ask);
    freshness.end();
    ended();
    forget();
    // Revoked, deleted or run out: whoever comes next must not read what this person is told.
    if (queryClient.getQueryData(keys.me) === null) void forgetBrowser();
  };
}

/** Goes where the press on a notification leads, and tells the worker so. */
function takeLeads(go: (path: string) => void): () => void {
  if (!canNotify()) return () => undefined;
  const take = ({ data, ports }: MessageEvent<{ kind?: string; path?: string }>): void => {
    if (data.kind !== "go" || !data.path) return;
    go(data.path);
    ports[0]?.postMessage("gone");
  };
  navigator.serviceWorker.addEventListener("message", take);
  void queryClient
    .ensureQueryData(attentionQuery)
    .then(({ push_public_key }) => keepOn(push_public_key))
    .catch(() => undefined);
  return () => navigator.serviceWorker.removeEventListener("message", take);
}
