import { afterEach, beforeEach, expect, test, vi } from "vitest";

const POST = vi.hoisted(() => vi.fn(async () => ({ data: undefined })));
vi.mock("@/api/client", () => ({
  api: { POST },
  answer: async (sent: Promise<{ data: unknown }>) => (await sent).data,
}));

import { encoded, forgetBrowser, here, reach, turnOff, turnOn } from "./browser";

const KEY = "BNbxGYNMhEIi9zrneh7mqV4oUanjLUK3m-mYZBc62frM";

/** A browser: what it allows, and whether it has a push service. */
class Browser {
  permission: NotificationPermission = "default";
  allows = true;
  pushes = true;
  known: ReturnType<Browser["made"]> | null = null;
  readonly options: PushSubscriptionOptionsInit[] = [];

  readonly requestPermission = async (): Promise<NotificationPermission> => {
    this.permission = this.allows ? "granted" : "denied";
    return this.permission;
  };

  readonly pushManager = {
    getSubscription: async () => this.known,
    subscribe: async (options: PushSubscriptionOptionsInit) => {
      if (!this.pushes) throw new DOMException("no push service", "AbortError");
      this.options.push(options);
      this.known = this.made(String(options.applicationServerKey));
      return this.known;
    },
  };

  made(key: string) {
    const endpoint = "https://push.example.com/1";
    return {
      endpoint,
      options: {
        applicationServerKey: Uint8Array.from(atob(key.replaceAll("-", "+")), (c) => c.charCodeAt(0)).buffer,
      },
      toJSON: () => ({ endpoint, keys: { p256dh: "public", auth: "secret" } }),
      unsubscribe: vi.fn(async () => {
        this.known = null;
        return true;
      }),
    };
  }
}

let browser: Browser;

beforeEach(() => {
  browser = new Browser();
  here.set({ on: false });
  POST.mockClear();
  const registration = { pushManager: browser.pushManager };
  const serviceWorker = {
    register: async () => registration,
    ready: Promise.resolve(registration),
    getRegistration: async () => registration,
  };
  vi.stubGlobal("window", { Notification: browser, isSecureContext: true });
  vi.stubGlobal("Notification", browser);
  vi.stubGlobal("navigator", { serviceWorker, userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0" });
});

afterEach(() => void vi.unstubAllGlobals());

test("turned on, it is subscribed and the server knows", async () => {
  expect(await turnOn(KEY)).toBe("push");
  expect(browser.options).toEqual([{ userVisibleOnly: true, applicationServerKey: KEY }]);
  const body = {
    endpoint: "https://push.example.com/1",
    p256dh: "public",
    auth: "secret",
    label: "Firefox on Linux",
  };
  expect(POST).toHaveBeenCalledExactlyOnceWith("/api/me/push", { body });
});

test("without the person's leave nothing is kept or sent", async () => {
  browser.allows = false;
  expect(await turnOn(KEY)).toBe("none");
  expect(here.get().on).toBe(false);
  expect(POST).not.toHaveBeenCalled();
});

test.each([
  ["the server has no Web Push", null, true],
  ["the browser has no push service", KEY, false],
] as const)("where %s, an open page calls", async (_what, key, pushes) => {
  browser.pushes = pushes;
  expect(await turnOn(key)).toBe("page");
  expect(POST).not.toHaveBeenCalled();
});

test("a subscription for another key of the server is given up", async () => {
  const old = browser.made("AAAA");
  browser.known = old;
  expect(await turnOn(KEY)).toBe("push");
  expect(old.unsubscribe).toHaveBeenCalled();
  expect(encoded(browser.known.options.applicationServerKey)).toBe(KEY);
});

test("turned off, it is called no more and the server forgets it", async () => {
  await turnOn(KEY);
  POST.mockClear();
  await turnOff();
  expect(await reach()).toBe("none");
  expect(browser.known).toBeNull();
  const body = { endpoint: "https://push.example.com/1" };
  expect(POST).toHaveBeenCalledExactlyOnceWith("/api/me/push/remove", { body });
});

test("a sign-out goes on where the server does not answer", async () => {
  await turnOn(KEY);
  POST.mockRejectedValueOnce(new Error("unreachable"));
  await forgetBrowser();
  expect(browser.known).toBeNull();
});
