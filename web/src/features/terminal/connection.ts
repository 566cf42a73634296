/**
 * One viewer's end of the terminal socket: resumes where it was, acknowledges what the screen took, and keeps what is
 * typed meanwhile. Knows no React and no xterm.
 */
import type { Problem } from "@/api/types";
import { Acks } from "./acks";
import { PendingInput } from "./pending";
import * as protocol from "./protocol";

export type Ended = "signed-out" | "forbidden" | "gone" | "exited";

export type LinkPhase = "connecting" | "live" | "waiting" | "ended";

/** What the page shows of a connection. A new object on every change. */
export interface LinkView {
  readonly phase: LinkPhase;
  readonly ended: Ended | null;
  readonly exitCode: number | null;
  readonly problem: Problem | null;
  readonly right: protocol.Right;
  readonly viewers: readonly protocol.Viewer[];
  /** Round trip of the last ping; null while unknown. */
  readonly latencyMs: number | null;
  /** Bytes typed that wait for the connection, and bytes given up. */
  readonly pendingBytes: number;
  readonly lostBytes: number;
  /** When the next try is due, in ms since 1970; null unless waiting. */
  readonly retryAt: number | null;
  /** False until the first hello. */
  readonly greeted: boolean;
}

/** Where the bytes go. `write` calls `done` when the screen has taken them. */
export interface Sink {
  write(bytes: Uint8Array, done: () => void): void;
  /** Clears the screen. The next `stored` bytes are a repetition of the past; undefined if nobody knows how many. */
  reset(stored: number | undefined): void;
  resize(cols: number, rows: number): void;
}

export interface ConnectionOptions {
  /** The address of the socket without its query. */
  url: string;
  sink: Sink;
  openSocket?: (url: string) => WebSocket;
  random?: () => number;
  /** Asked when a connection was refused without a reason: is the terminal still there, and may we see it? */
  probe?: () => Promise<Ended | null>;
}

const PING_MS = 5_000;
const SILENCE_MS = 12_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const STEADY_MS = 5_000;
const HELLO_MS = 10_000;
const HASTE_MS = 1_000;
const RESIZE_MS = 80;

const ENDINGS: Record<number, Ended> = {
  [protocol.SIGNED_OUT]: "signed-out",
  [protocol.NO_RIGHT]: "forbidden",
  [protocol.GONE]: "gone",
};

const INITIAL: LinkView = {
  phase: "connecting",
  ended: null,
  exitCode: null,
  problem: null,
  right: "input",
  viewers: [],
  latencyMs: null,
  pendingBytes: 0,
  lostBytes: 0,
  retryAt: null,
  greeted: false,
};

export class TerminalConnection {
  #socket: WebSocket | null = null;
  #view: LinkView = INITIAL;
  #epoch: string | number | null = null;
  #offset = 0;
  /** Bytes the server is about to repeat. */
  #repeat = 0;
  /** Grows with every reset, so that late callbacks of a dropped screen count for nothing. */
  #screen = 0;
  #attempt = 0;
  #openedAt = 0;
  #greetedAt = 0;
  #heardAt = 0;
  #pingedAt = 0;
  #size: { cols: number; rows: number } | null = null;
  #disposed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #pings: ReturnType<typeof setInterval> | undefined;
  #resizing: ReturnType<typeof setTimeout> | undefined;
  readonly #acks = new Acks((offset) => this.#send({ type: "ack", offset }));
  readonly #pending = new PendingInput(() => this.#showPending());
  readonly #listeners = new Set<() => void>();

  constructor(private readonly options: ConnectionOptions) {}

  readonly view = (): LinkView => this.#view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Bytes received in this epoch: where a reconnect resumes. */
  get offset(): number {
    return this.#offset;
  }

  open(): void {
    if (this.#disposed || this.#view.phase === "ended") return;
    clearTimeout(this.#retry);
    this.#abandon();
    this.#show({ phase: "connecting", retryAt: null });
    const socket = (this.options.openSocket ?? ((url) => new WebSocket(url)))(this.#address());
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#openedAt = Date.now();
    // A network that swallows packets lets a browser wait for minutes.
    this.#retry = setTimeout(() => this.#closed(1006), HELLO_MS);
    socket.onmessage = (message) => this.#hear(message.data);
    socket.onclose = (closed) => this.#closed(closed.code);
  }

  /** The network came back or the page was looked at again: do not wait out the pause. */
  retryNow(): void {
    const stuck = this.#view.phase === "connecting" && Date.now() - this.#openedAt > HASTE_MS;
    if (this.#view.phase === "waiting" || stuck) this.open();
  }

  input(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#view.phase === "ended" || this.#view.right === "watch") return;
    if (this.#view.phase === "live") this.#sendInput(bytes);
    else this.#pending.add(bytes);
  }

  forgetLost(): void {
    this.#pending.forgetLost();
  }

  /** Asks for a size; the last one within a moment wins, and the latest is asked again after a reconnect. */
  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => this.#askSize(), RESIZE_MS);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#resizing);
    this.#pending.take();
    this.#abandon();
    this.#listeners.clear();
  }

  #address(): string {
    const query = new URLSearchParams({ offset: String(this.#offset) });
    if (this.#epoch !== null) query.set("epoch", String(this.#epoch));
    return `${this.options.url}?${query}`;
  }

  #hear(data: unknown): void {
    this.#heardAt = Date.now();
    if (data instanceof ArrayBuffer) this.#take(new Uint8Array(data));
    const frame = typeof data === "string" ? protocol.parse(data) : null;
    if (frame) this.#obey(frame);
  }

  #obey(frame: protocol.FromServer): void {
    if (frame.type === "hello") this.#greet(frame);
    else if (frame.type === "epoch") this.#startEpoch(frame);
    else if (frame.type === "presence") this.#show({ viewers: frame.viewers });
    else if (frame.type === "resize") this.options.sink.resize(frame.cols, frame.rows);
    else if (frame.type === "pong") this.#show({ latencyMs: Math.max(0, Date.now() - frame.t) });
    else if (frame.type === "exit") this.#end("exited", { exitCode: frame.code });
    else if (frame.type === "problem") this.#show({ problem: frame.problem });
  }

  #greet(hello: protocol.FromServer & { type: "hello" }): void {
    clearTimeout(this.#retry);
    this.#greetedAt = Date.now();
    if (hello.epoch !== this.#epoch) this.#startEpoch(hello);
    else this.#repeat = Math.max(0, this.#offset - hello.offset);
    this.#show({ phase: "live", right: hello.right, problem: null, greeted: true });
    this.options.sink.resize(hello.cols, hello.rows);
    this.#acks.flush();
    if (this.#size && (this.#size.cols !== hello.cols || this.#size.rows !== hello.rows)) this.#askSize();
    for (const part of this.#pending.take()) this.#sendInput(part);
    this.#showPending();
    this.#startPings();
  }

  /** What follows is a whole screen with its scrollback, counted from `offset`. */
  #startEpoch({ epoch, offset, live }: { epoch: string | number; offset: number; live?: number }): void {
    this.#epoch = epoch;
    this.#offset = offset;
    this.#repeat = 0;
    this.#screen += 1;
    this.#acks.restart(offset);
    this.options.sink.reset(live === undefined ? undefined : Math.max(0, live - offset));
  }

  #take(bytes: Uint8Array): void {
    const known = Math.min(this.#repeat, bytes.length);
    this.#repeat -= known;
    const fresh = known ? bytes.subarray(known) : bytes;
    if (!fresh.length) return;
    this.#offset += fresh.length;
    const screen = this.#screen;
    this.options.sink.write(fresh, () => {
      if (screen === this.#screen) this.#acks.took(fresh.length);
    });
  }

  #closed(code: number): void {
    const greeted = this.#view.phase === "live";
    this.#abandon();
    if (this.#disposed || this.#view.phase === "ended") return;
    const ended = ENDINGS[code];
    if (ended) {
      this.#end(ended);
      return;
    }
    if (greeted && Date.now() - this.#greetedAt >= STEADY_MS) this.#attempt = 0;
    this.#wait(greeted && (code === protocol.RESTARTING || code === protocol.TOO_SLOW));
    if (!greeted) void this.#ask();
  }

  /** A refused upgrade reaches a page without its status, so ask the API whether trying again makes sense. */
  async #ask(): Promise<void> {
    const ended = await this.options.probe?.().catch(() => null);
    if (ended && !this.#disposed && this.#view.phase === "waiting") this.#end(ended);
  }

  #wait(atOnce: boolean): void {
    const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempt);
    const jitter = 0.5 + (this.options.random ?? Math.random)() / 2;
    const pause = atOnce && this.#attempt === 0 ? 0 : full * jitter;
    this.#attempt += 1;
    this.#show({ phase: "waiting", latencyMs: null, retryAt: Date.now() + pause });
    this.#retry = setTimeout(() => this.open(), pause);
  }

  #end(ended: Ended, more: Partial<LinkView> = {}): void {
    clearTimeout(this.#retry);
    clearInterval(this.#pings);
    this.#pending.drop();
    this.#show({ phase: "ended", ended, latencyMs: null, retryAt: null, ...more });
  }

  /** Lets go of the socket without hearing of its end. */
  #abandon(): void {
    clearInterval(this.#pings);
    this.#acks.stop();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #startPings(): void {
    clearInterval(this.#pings);
    this.#ping();
    this.#pings = setInterval(() => this.#ping(), PING_MS);
  }

  /** A dead network closes nothing: silence after a ping is the only sign of it. */
  #ping(): void {
    const silent = this.#pingedAt > this.#heardAt && Date.now() - this.#heardAt > SILENCE_MS;
    if (silent) {
      this.#closed(1006);
      return;
    }
    this.#pingedAt = Date.now();
    this.#send({ type: "ping", t: this.#pingedAt });
  }

  #askSize(): void {
    if (this.#size && this.#view.right === "input") this.#send({ type: "resize", ...this.#size });
  }

  #sendInput(bytes: Uint8Array<ArrayBuffer>): void {
    for (const part of protocol.frames(bytes)) this.#socket?.send(part);
  }

  #send(frame: protocol.FromClient): void {
    if (this.#view.phase === "live") this.#socket?.send(JSON.stringify(frame));
  }

  #showPending(): void {
    this.#show({ pendingBytes: this.#pending.size, lostBytes: this.#pending.lost });
  }

  #show(change: Partial<LinkView>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
  }
}
