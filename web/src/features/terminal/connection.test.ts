import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ConnectionOptions, type Sink, TerminalConnection } from "./connection";
import { FakeSocket } from "./fakeSocket";
import type { FromServer } from "./protocol";

/** A screen that takes what it is given when the test says so. */
class FakeScreen implements Sink {
  text = "";
  resets = 0;
  stored: number | undefined;
  size = "";
  #waiting: (() => void)[] = [];

  write(bytes: Uint8Array, done: () => void): void {
    this.text += new TextDecoder().decode(bytes);
    this.#waiting.push(done);
  }

  reset(stored: number | undefined): void {
    this.stored = stored;
    this.text = "";
    this.resets += 1;
  }

  resize(cols: number, rows: number): void {
    this.size = `${cols}x${rows}`;
  }

  takesAll(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

let screen: FakeScreen;
let connection: TerminalConnection;

const HELLO: FromServer = { type: "hello", epoch: "a", offset: 0, right: "input", cols: 80, rows: 24 };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function opened(more: Partial<ConnectionOptions> = {}): TerminalConnection {
  connection = new TerminalConnection({
    url: "ws://aether/stream/terminal/t1",
    sink: screen,
    openSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
    random: () => 1,
    ...more,
  });
  connection.open();
  return connection;
}

function greeted(more: Partial<FromServer & { type: "hello" }> = {}): FakeSocket {
  opened();
  FakeSocket.last.says({ ...HELLO, ...more } as FromServer);
  return FakeSocket.last;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  FakeSocket.made = [];
  screen = new FakeScreen();
});

afterEach(() => {
  connection.dispose();
  vi.useRealTimers();
});

describe("opening", () => {
  test("asks for everything the first time and is live after the hello", () => {
    opened();
    expect(FakeSocket.last.url).toBe("ws://aether/stream/terminal/t1?offset=0");
    expect(connection.view().phase).toBe("connecting");
    FakeSocket.last.says(HELLO);
    expect(connection.view()).toMatchObject({ phase: "live", right: "input", greeted: true });
    expect(screen.size).toBe("80x24");
  });

  test("ignores frames it does not know and text that is no JSON", () => {
    const socket = greeted();
    socket.onmessage?.({ data: '{"type":"weather"}' });
    socket.onmessage?.({ data: "not json" });
    expect(connection.view().phase).toBe("live");
  });
});

describe("resuming", () => {
  test("asks from the last byte received of the same epoch, and keeps the screen", () => {
    const socket = greeted();
    socket.writes("hello");
    socket.drops();
    vi.advanceTimersByTime(600);
    expect(FakeSocket.last.url).toContain("offset=5&epoch=a");
    FakeSocket.last.says({ ...HELLO, offset: 5 } as FromServer);
    FakeSocket.last.writes(" world");
    expect(screen.text).toBe("hello world");
    expect(screen.resets).toBe(1);
  });

  test("leaves out what the server repeats", () => {
    greeted().writes("hello");
    FakeSocket.last.drops(1012);
    vi.advanceTimersByTime(0);
    FakeSocket.last.says({ ...HELLO, offset: 2 } as FromServer);
    FakeSocket.last.writes("ll");
    FakeSocket.last.writes("o world");
    expect(screen.text).toBe("hello world");
    expect(connection.offset).toBe(11);
  });

  test("starts anew when the hello names another epoch", () => {
    greeted().writes("old");
    FakeSocket.last.drops(1012);
    vi.advanceTimersByTime(0);
    FakeSocket.last.says({ ...HELLO, epoch: "b", offset: 40 } as FromServer);
    FakeSocket.last.writes("new");
    expect(screen.text).toBe("new");
    expect(connection.offset).toBe(43);
  });

  test("a screen is told how much of what follows is the past", () => {
    greeted({ offset: 40, live: 100 });
    expect(screen.stored).toBe(60);
  });

  test("an epoch frame clears the screen and counts from its offset", () => {
    const socket = greeted();
    socket.writes("old");
    socket.says({ type: "epoch", epoch: "b", offset: 7 });
    socket.writes("new");
    expect(screen.text).toBe("new");
    socket.drops(1012);
    vi.advanceTimersByTime(0);
    expect(FakeSocket.last.url).toContain("offset=10&epoch=b");
  });
});

describe("acknowledging", () => {
  test("tells what the screen took, not what arrived, after 100 ms", () => {
    const socket = greeted();
    socket.writes("hello");
    vi.advanceTimersByTime(500);
    expect(socket.told("ack").at(-1)?.offset).toBe(0);
    screen.takesAll();
    vi.advanceTimersByTime(100);
    expect(socket.told("ack").at(-1)?.offset).toBe(5);
  });

  test("tells at once when 64 KB were taken", () => {
    const socket = greeted();
    socket.writes(64 * 1024);
    screen.takesAll();
    expect(socket.told("ack").at(-1)?.offset).toBe(65_536);
  });

  test("does not count what an earlier epoch's screen takes late", () => {
    const socket = greeted();
    socket.writes("old");
    socket.says({ type: "epoch", epoch: "b", offset: 0 });
    screen.takesAll();
    vi.advanceTimersByTime(100);
    expect(socket.told("ack").every((ack) => ack.offset === 0)).toBe(true);
  });
});

describe("typing", () => {
  test("cuts a large paste into frames of at most 32 KB, in order", () => {
    const socket = greeted();
    const text = `${"a".repeat(40_000)}${"b".repeat(30_000)}`;
    connection.input(bytes(text));
    const sizes = socket.sent.filter((part) => part instanceof Uint8Array).map((part) => part.length);
    expect(sizes).toEqual([32_768, 32_768, 4_464]);
    expect(socket.typed).toBe(text);
  });

  test("keeps what is typed while disconnected and sends it after the reconnect", () => {
    greeted().drops();
    connection.input(bytes("ls"));
    connection.input(bytes("\r"));
    expect(connection.view().pendingBytes).toBe(3);
    vi.advanceTimersByTime(600);
    FakeSocket.last.says(HELLO);
    expect(FakeSocket.last.typed).toBe("ls\r");
    expect(connection.view()).toMatchObject({ pendingBytes: 0, lostBytes: 0 });
  });

  test("gives it up after ten seconds and says how much", () => {
    greeted().drops();
    connection.input(bytes("rm -rf build\r"));
    vi.advanceTimersByTime(10_000);
    FakeSocket.last.says(HELLO);
    expect(FakeSocket.last.typed).toBe("");
    expect(connection.view()).toMatchObject({ pendingBytes: 0, lostBytes: 13 });
    connection.forgetLost();
    expect(connection.view().lostBytes).toBe(0);
  });

  test("keeps at most 64 KB and never half of a piece", () => {
    greeted().drops();
    connection.input(bytes("a".repeat(60_000)));
    connection.input(bytes("b".repeat(10_000)));
    expect(connection.view()).toMatchObject({ pendingBytes: 60_000, lostBytes: 10_000 });
  });

  test("sends nothing where one may only watch", () => {
    const socket = greeted({ right: "watch" });
    connection.input(bytes("x"));
    connection.resize(100, 30);
    vi.advanceTimersByTime(100);
    expect(socket.typed).toBe("");
    expect(socket.told("resize")).toEqual([]);
  });
});

describe("size", () => {
  test("asks once for the last of several sizes", () => {
    const socket = greeted();
    connection.resize(90, 20);
    connection.resize(100, 30);
    vi.advanceTimersByTime(100);
    expect(socket.told("resize")).toEqual([{ type: "resize", cols: 100, rows: 30 }]);
  });

  test("asks again after a reconnect if the terminal has another size", () => {
    greeted();
    connection.resize(100, 30);
    vi.advanceTimersByTime(100);
    FakeSocket.last.drops(1012);
    vi.advanceTimersByTime(0);
    FakeSocket.last.says(HELLO);
    expect(FakeSocket.last.told("resize")).toEqual([{ type: "resize", cols: 100, rows: 30 }]);
  });

  test("takes the size another viewer chose", () => {
    greeted().says({ type: "resize", cols: 132, rows: 43 });
    expect(screen.size).toBe("132x43");
  });
});

describe("closing", () => {
  test.each([
    [4001, "signed-out"],
    [4003, "forbidden"],
    [4004, "gone"],
  ])("code %i ends it as %s and is not tried again", (code, ended) => {
    greeted().drops(code);
    vi.advanceTimersByTime(60_000);
    expect(connection.view()).toMatchObject({ phase: "ended", ended });
    expect(FakeSocket.made).toHaveLength(1);
  });

  test.each([1012, 4008])("code %i reconnects at once", (code) => {
    greeted().drops(code);
    vi.advanceTimersByTime(0);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("a server that greets and restarts in a loop is not hammered", () => {
    greeted().drops(1012);
    for (let round = 0; round < 10; round++) {
      vi.advanceTimersByTime(1_000);
      if (connection.view().phase === "connecting") {
        FakeSocket.last.says(HELLO);
        FakeSocket.last.drops(1012);
      }
    }
    expect(FakeSocket.made.length).toBeLessThan(6);
  });

  test("waits twice as long after each failure, ten seconds at most", () => {
    opened();
    const waits: number[] = [];
    for (let round = 0; round < 7; round++) {
      FakeSocket.last.drops();
      waits.push((connection.view().retryAt ?? 0) - Date.now());
      vi.advanceTimersToNextTimer();
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  test("jitter halves a wait at most", () => {
    opened({ random: () => 0 });
    FakeSocket.last.drops();
    expect((connection.view().retryAt ?? 0) - Date.now()).toBe(250);
  });

  test("does not wait when the network comes back", () => {
    opened();
    FakeSocket.last.drops();
    connection.retryNow();
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("a server that never says hello is given up after ten seconds", () => {
    opened();
    const mute = FakeSocket.last;
    vi.advanceTimersByTime(10_500);
    expect(mute.isClosed).toBe(true);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("a connection stuck on its way is begun anew when the network comes back", () => {
    opened();
    vi.advanceTimersByTime(3_000);
    connection.retryNow();
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("an exit ends it with the code", () => {
    const socket = greeted();
    socket.says({ type: "exit", code: 3 });
    socket.drops(1000);
    vi.advanceTimersByTime(60_000);
    expect(connection.view()).toMatchObject({ phase: "ended", ended: "exited", exitCode: 3 });
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("a refused upgrade asks the API whether the terminal is still there", async () => {
    opened({ probe: async () => "gone" });
    FakeSocket.last.drops();
    await vi.advanceTimersByTimeAsync(0);
    expect(connection.view()).toMatchObject({ phase: "ended", ended: "gone" });
  });

  test("an API that does not answer either leaves it trying", async () => {
    opened({ probe: async () => Promise.reject(new Error("offline")) });
    FakeSocket.last.drops();
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("a disposed connection opens nothing more", () => {
    greeted().drops();
    connection.dispose();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.made).toHaveLength(1);
  });
});

describe("latency", () => {
  test("is the time between a ping and its pong", () => {
    const socket = greeted();
    const ping = socket.told("ping")[0];
    vi.advanceTimersByTime(12);
    socket.says({ type: "pong", t: ping?.t ?? 0 });
    expect(connection.view().latencyMs).toBe(12);
  });

  test("is asked for every five seconds", () => {
    const socket = greeted();
    for (let round = 0; round < 3; round++) {
      vi.advanceTimersByTime(5_000);
      socket.says({ type: "pong", t: Date.now() });
    }
    expect(socket.told("ping")).toHaveLength(4);
  });

  test("a server that falls silent is taken for gone", () => {
    const silent = greeted();
    vi.advanceTimersByTime(15_000);
    expect(silent.isClosed).toBe(true);
    expect(connection.view().phase).toBe("waiting");
  });
});

test("presence and problems are shown as they come", () => {
  const socket = greeted();
  socket.says({ type: "presence", viewers: [{ name: "Ada" }, { name: "Grace" }] });
  socket.says({ type: "problem", problem: { type: "full", title: "The disk is full", status: 507 } });
  expect(connection.view().viewers).toHaveLength(2);
  expect(connection.view().problem?.title).toBe("The disk is full");
});
