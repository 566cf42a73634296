import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Change, together, WatchClient } from "./watch";

/** A socket that goes nowhere: tests play the server. */
class FakeSocket {
  static made: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((closed: { code: number }) => void) | null = null;
  isClosed = false;
  readonly sent: { type: string; folders?: string[]; files?: string[] }[] = [];

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  opens(): void {
    this.onopen?.();
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  drops(code = 1006): void {
    this.onclose?.({ code });
  }

  get looks(): string[][] {
    return this.sent.filter((frame) => frame.type === "look").map((frame) => frame.folders ?? []);
  }
}

let client: WatchClient;
let heard: Change[];

const LOST = { folders: [], files: [], lost: true };
const tell = (change: Change): void => void heard.push(change);

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  FakeSocket.made = [];
  heard = [];
  client = new WatchClient({
    url: "ws://aether/stream/files/watch/a",
    openSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
    random: () => 1,
  });
});

afterEach(() => vi.useRealTimers());

describe("looking", () => {
  test("nothing is opened until somebody looks, and nothing stays open when nobody does", () => {
    expect(FakeSocket.made).toEqual([]);
    const looking = client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    looking.end();
    expect(FakeSocket.last.isClosed).toBe(true);
    expect(client.phase()).toBe("idle");
  });

  test("several share one socket, which asks for what all of them look at", () => {
    client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    const second = client.look({ folders: ["/src", "/"] }, tell);
    vi.advanceTimersByTime(50);
    second.end();
    vi.advanceTimersByTime(50);
    expect(FakeSocket.made).toHaveLength(1);
    expect(FakeSocket.last.looks).toEqual([["/"], ["/", "/src"], ["/"]]);
  });

  test("what changes within a moment is asked for once", () => {
    const looking = client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    for (const path of ["/a", "/b", "/c"]) looking.update({ folders: ["/", path] });
    vi.advanceTimersByTime(50);
    expect(FakeSocket.last.looks).toEqual([["/"], ["/", "/c"]]);
  });

  test("no more folders are asked for than one socket may", () => {
    const folders = Array.from({ length: 600 }, (_, at) => `/${at}`);
    expect(together([{ folders }]).folders).toHaveLength(500);
  });
});

describe("hearing", () => {
  test("a change is told to everybody who looks", () => {
    client.look({ folders: ["/"] }, tell);
    client.look({ folders: ["/src"] }, tell);
    FakeSocket.last.opens();
    FakeSocket.last.says({ type: "changed", folders: [{ path: "/src", names: ["a.ts"] }], files: [] });
    expect(heard).toEqual(Array(2).fill({ folders: [{ path: "/src", names: ["a.ts"] }], files: [] }));
  });

  test("what this version does not know is passed over", () => {
    client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    FakeSocket.last.says({ type: "later" });
    FakeSocket.last.onmessage?.({ data: "not json" });
    expect(heard).toEqual([]);
  });

  test("a ping is answered with its own time", () => {
    client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    FakeSocket.last.says({ type: "ping", t: 7 });
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "pong", t: 7 });
  });
});

describe("losing the connection", () => {
  test("after a reconnect it looks again and says that something may have been missed", () => {
    client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    FakeSocket.last.drops();
    expect(client.phase()).toBe("waiting");
    vi.advanceTimersByTime(600);
    FakeSocket.last.opens();
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.last.looks).toEqual([["/"]]);
    expect(heard).toEqual([LOST]);
  });

  test("pauses grow until the machine answers, and never beyond ten seconds", () => {
    client.look({ folders: ["/"] }, tell);
    for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      const before = FakeSocket.made.length;
      FakeSocket.last.opens();
      FakeSocket.last.drops(1013);
      vi.advanceTimersByTime(pause - 1);
      expect(FakeSocket.made).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(FakeSocket.made).toHaveLength(before + 1);
    }
    FakeSocket.last.opens();
    FakeSocket.last.says({ type: "looking", how: "inotify" });
    FakeSocket.last.drops();
    vi.advanceTimersByTime(500);
    expect(FakeSocket.last.looks).toEqual([]);
  });

  test.each([4001, 4003, 4004])("a close with %i is final", (code) => {
    client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    FakeSocket.last.drops(code);
    vi.advanceTimersByTime(60_000);
    expect(client.phase()).toBe("ended");
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("a silent network is noticed, and the return of the network does not wait out the pause", () => {
    client.look({ folders: ["/"] }, tell);
    FakeSocket.last.opens();
    vi.advanceTimersByTime(60_000);
    expect(client.phase()).toBe("waiting");
    client.retryNow();
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("a socket that never opens is given up", () => {
    client.look({ folders: ["/"] }, tell);
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.last.isClosed).toBe(true);
    expect(client.phase()).toBe("waiting");
  });
});
