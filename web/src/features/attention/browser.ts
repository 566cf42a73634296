/** This browser as a place to be called in: its permission, its service worker, its push subscription. */
import { answer, api } from "@/api/client";
import { browserName } from "@/ui/browser";
import { Stored } from "@/ui/stored";

const WORKER = "/sw.js";

/** Whether the person wants to be called in this browser. */
export const here = new Stored("aether.attention", { on: false });

/** Plain http on another computer has neither notifications nor workers. */
export function canNotify(): boolean {
  return "Notification" in window && "serviceWorker" in navigator && window.isSecureContext;
}

export function isOn(): boolean {
  return canNotify() && Notification.permission === "granted" && here.get().on;
}

async function worker(): Promise<ServiceWorkerRegistration> {
  await navigator.serviceWorker.register(WORKER, { updateViaCache: "none" });
  return navigator.serviceWorker.ready;
}

async function subscription(): Promise<PushSubscription | null> {
  const registered = await navigator.serviceWorker.getRegistration();
  return (await registered?.pushManager?.getSubscription()) ?? null;
}

/** How this browser is reached: by a push service always, by an open page only, or not. */
export type Reach = "push" | "page" | "none";

export async function reach(): Promise<Reach> {
  if (!isOn()) return "none";
  return (await subscription()) ? "push" : "page";
}

/** Asks for permission and subscribes; `key` is the server's, null where it has no Web Push. */
export async function turnOn(key: string | null): Promise<Reach> {
  if ((await Notification.requestPermission()) !== "granted") return "none";
  const registered = await worker();
  here.set({ on: true });
  if (key) await subscribe(registered, key);
  return reach();
}

/** A browser without a push service is called while a page of aether is open. */
async function subscribe(registered: ServiceWorkerRegistration, key: string): Promise<void> {
  const known = await registered.pushManager.getSubscription();
  // A subscription made for another key of the server would be refused for ever.
  if (known && encoded(known.options.applicationServerKey) !== key) await known.unsubscribe();
  let made: PushSubscription;
  try {
    made = await registered.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch {
    return;
  }
  const { endpoint, keys } = made.toJSON();
  const { p256dh = "", auth = "" } = keys ?? {};
  const label = browserName(navigator.userAgent);
  await answer(api.POST("/api/me/push", { body: { endpoint: endpoint ?? "", p256dh, auth, label } }));
}

/** URL-safe base64 without padding, as the server says its key. */
export function encoded(bytes: ArrayBuffer | null): string {
  const text = String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer(0)));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export async function turnOff(): Promise<void> {
  here.set({ on: false });
  const known = canNotify() ? await subscription() : null;
  if (!known) return;
  await known.unsubscribe();
  await answer(api.POST("/api/me/push/remove", { body: { endpoint: known.endpoint } }));
}

/** Before a sign-out: who comes next must not read what this person is told. Leaves whatever happens. */
export async function forgetBrowser(): Promise<void> {
  await turnOff().catch(() => undefined);
}

let kept: Promise<void> | undefined;

/** Once a visit: the worker is kept new, and a subscription that the browser or the server has lost is made again. */
export function keepOn(key: string | null): Promise<void> {
  if (isOn()) kept ??= worker().then((registered) => (key ? subscribe(registered, key) : undefined));
  return kept ?? Promise.resolve();
}

export interface Shown {
  title: string;
  body: string;
  path: string;
  tag: string;
}

/** Shows a notification now, by the worker, which also takes the press on it. */
export async function show({ title, body, path, tag }: Shown): Promise<void> {
  const registered = await worker();
  await registered.showNotification(title, { body, tag, icon: "/icon-192.png", data: { path } });
}
