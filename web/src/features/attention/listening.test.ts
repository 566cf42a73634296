import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sampleRun } from "@/api/samples";
import type { Notice } from "@/api/types";

/** The stream of events, which the test speaks through. */
const stream = vi.hoisted(() => ({ source: new EventTarget() }));
vi.mock("@/queries/link", async () => {
  const { LiveEvents } = await import("@/queries/live");
  const { queryClient } = await import("@/queries/client");
  return { live: new LiveEvents(queryClient, () => stream.source as EventSource) };
});

import { attentionQuery } from "@/queries/attention";
import { queryClient } from "@/queries/client";
import { keys } from "@/queries/keys";
import { live } from "@/queries/link";
import { onAnnounce } from "@/ui/announce";
import { here } from "./browser";
import { listen } from "./listening";
import { sampleNotice, sampleSettings } from "./samples";

const showNotification = vi.fn(async (_title: string) => undefined);
const unsubscribe = vi.fn(async () => true);
const pushed = { unsubscribe, endpoint: "https://push.example.com/1" };

let subscribed: typeof pushed | null;
let said: string[];
let ends: (() => void)[];

beforeEach(() => {
  stream.source = Object.assign(new EventTarget(), { close: () => undefined });
  subscribed = null;
  said = [];
  const registration = { showNotification, pushManager: { getSubscription: async () => subscribed } };
  const serviceWorker = Object.assign(new EventTarget(), {
    register: async () => registration,
    ready: Promise.resolve(registration),
    getRegistration: async () => registration,
  });
  const Notification = { permission: "granted" };
  vi.stubGlobal("window", Object.assign(new EventTarget(), { Notification, isSecureContext: true }));
  vi.stubGlobal("Notification", Notification);
  vi.stubGlobal("navigator", { serviceWorker });
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false, hasFocus: () => true }));
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => new Response(null, { status: 401 })),
  );
  here.set({ on: true });
  queryClient.setQueryData(keys.me, { id: "me" } as never);
  queryClient.setQueryData(attentionQuery.queryKey, sampleSettings());
  queryClient.setQueryData(keys.runs, [sampleRun("r", { state: "waiting" })]);
  queryClient.setQueryData(keys.notices, { items: [], unread: 0 });
  ends = [live.start(), listen(() => undefined), onAnnounce((text) => said.push(text))];
});

afterEach(() => {
  for (const end of ends) end();
  queryClient.clear();
  vi.unstubAllGlobals();
});

function raise(more: Partial<Notice>): void {
  const notice = sampleNotice("n", { created_at: new Date().toISOString(), ...more });
  const data = JSON.stringify({ notice, unread: 1 });
  stream.source.dispatchEvent(new MessageEvent("notice.raised", { data }));
}

test("a page that has the focus and looks at something else shows the notification", async () => {
  raise({});
  await vi.waitFor(() => expect(showNotification).toHaveBeenCalledOnce());
});

test("what a run's new state says already is said once, what it does not say is said here", () => {
  raise({ title: "Codex asks" });
  raise({ title: "Codex is limited", kind: "failed" });
  raise({ title: "The build is through", kind: "notify" });
  expect(said).toEqual(["Codex is limited", "The build is through"]);
});

test("who is signed out from elsewhere is called in this browser no more", async () => {
  subscribed = pushed;
  stream.source.dispatchEvent(new MessageEvent("account.revoked", { data: "{}" }));
  for (const end of ends.splice(0)) end();
  await vi.waitFor(() => expect(unsubscribe).toHaveBeenCalledOnce());
  expect(here.get().on).toBe(false);
});

test("who only goes to another page is called as before", () => {
  subscribed = pushed;
  for (const end of ends.splice(0)) end();
  expect(here.get().on).toBe(true);
});

test("notices that are read in another tab are asked for again", async () => {
  const asked = vi.spyOn(queryClient, "invalidateQueries");
  const otherTab = new BroadcastChannel("aether.notices");
  otherTab.postMessage("read");
  await vi.waitFor(() => expect(asked).toHaveBeenCalledWith({ queryKey: keys.notices }));
  otherTab.close();
});
