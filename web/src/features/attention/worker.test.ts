/** The service worker's own file, run with a stand-in for what a browser gives it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import CODE from "../../../public/sw.js?raw";

const ORIGIN = "https://aether.example.com";

type Handler = (event: Record<string, unknown>) => void;

interface Page {
  url: string;
  focused: boolean;
  goes: boolean;
  sent: unknown[];
  focus: () => Promise<void>;
  postMessage: (message: unknown, ports: MessagePort[]) => void;
}

let handlers: Map<string, Handler>;
let shown: { title: string; options: NotificationOptions }[];
let opened: string[];
let pages: Page[];

/** A page that answers the worker, or one of before that does not know how. */
function page(path: string, { goes = true, focused = false } = {}): Page {
  const sent: unknown[] = [];
  return {
    url: ORIGIN + path,
    focused,
    goes,
    sent,
    focus: vi.fn(async () => undefined),
    postMessage: (message, [port]) => {
      sent.push(message);
      if (goes) port?.postMessage("gone");
    },
  };
}

// What waits for a page's answer waits in no test.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout"] }));
afterEach(() => void vi.useRealTimers());

beforeEach(() => {
  handlers = new Map();
  shown = [];
  opened = [];
  pages = [];
  const self = {
    location: { origin: ORIGIN },
    addEventListener: (name: string, handler: Handler) => handlers.set(name, handler),
    registration: {
      showNotification: async (title: string, options: NotificationOptions) => shown.push({ title, options }),
    },
    clients: {
      matchAll: async () => pages,
      openWindow: async (url: string) => opened.push(url),
    },
  };
  new Function("self", CODE)(self);
});

/** Lets the answer of a page come: a message through a channel, after those before it. */
function heard(): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise((resolve) => port1.addEventListener("message", resolve));
  port1.start();
  port2.postMessage("after");
  return answered.finally(() => port1.close());
}

async function happen(name: string, event: Record<string, unknown>): Promise<void> {
  const work: Promise<unknown>[] = [];
  handlers.get(name)?.({ ...event, waitUntil: (promise: Promise<unknown>) => work.push(promise) });
  const done = Promise.all(work);
  await heard();
  await vi.runAllTimersAsync();
  await done;
}

function press(path: unknown): Promise<void> {
  return happen("notificationclick", { notification: { close: () => undefined, data: { path } } });
}

test("what is pushed is shown, and says where it leads", async () => {
  const told = { title: "Codex asks", body: "Run it?", path: "/projects/a", id: "n1" };
  await happen("push", { data: { json: () => told } });
  expect(shown).toHaveLength(1);
  expect(shown[0]?.title).toBe("Codex asks");
  expect(shown[0]?.options).toMatchObject({ body: "Run it?", tag: "n1", data: { path: "/projects/a" } });
});

test.each([
  ["no data", null],
  [
    "text",
    {
      json: () => {
        throw new SyntaxError("no JSON");
      },
    },
  ],
])("a push of %s is shown all the same", async (_what, data) => {
  await happen("push", { data });
  expect(shown.map(({ title }) => title)).toEqual(["aether needs you"]);
});

test("a press sends an open page there without loading it anew", async () => {
  pages = [page("/projects"), page("/settings/keys", { focused: true })];
  await press("/projects/a?run=1");
  expect(pages[1]?.sent).toEqual([{ kind: "go", path: "/projects/a?run=1" }]);
  expect(pages[1]?.focus).toHaveBeenCalled();
  expect(opened).toEqual([]);
});

test("a page that is there already is taken before one that has the focus", async () => {
  pages = [page("/settings/keys", { focused: true }), page("/projects/a")];
  await press("/projects/a");
  expect(pages[1]?.focus).toHaveBeenCalled();
});

test("a press opens a window where no page is open, or the page does not answer", async () => {
  await press("/projects/a");
  pages = [page("/login", { goes: false })];
  await press("/projects/b");
  expect(opened).toEqual([`${ORIGIN}/projects/a`, `${ORIGIN}/projects/b`]);
});

test.each(["https://evil.example.com/x", "//evil.example.com", "javascript:alert(1)", undefined, 7])(
  "a press never leaves this origin: %s",
  async (path) => {
    await press(path);
    expect(opened).toEqual([`${ORIGIN}/projects`]);
  },
);

test("requests of the page are the server's alone", () => {
  expect(handlers.has("fetch")).toBe(false);
});
