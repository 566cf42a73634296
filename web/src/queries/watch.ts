/**
 * Changes made in a project's machine, while somebody looks: one socket a project, shared by everything on the page that
 * watches. It looks at what is asked for together, reconnects by itself, and says when something may have been missed.
 */
import { useEffect, useEffectEvent, useRef, useSyncExternalStore } from "react";

export interface Change {
  folders: { path: string; names: string[] }[];
  files: string[];
  /** Something may have been missed: ask for everything anew. */
  lost?: boolean;
}

export interface Watched {
  folders?: readonly string[];
  files?: readonly string[];
}

/** `live` follows changes; `waiting` tries again; `ended` does not, because there is no right to. */
export type WatchPhase = "idle" | "connecting" | "live" | "waiting" | "ended";

type FromServer =
  | { type: "looking"; how: "inotify" | "polling" }
  | ({ type: "changed" } & Change)
  | { type: "lost" }
  | { type: "ping"; t: number }
  | { type: "pong"; t: number }
  | { type: "problem"; problem: unknown };

export interface WatchOptions {
  url: string;
  openSocket?: (url: string) => WebSocket;
  random?: () => number;
}

interface Looker {
  watched: Watched;
  tell: (change: Change) => void;
}

const PING_MS = 20_000;
const SILENCE_MS = 45_000;
const OPEN_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const FINAL_CODES = new Set([4001, 4003, 4004]);
// What is asked within a moment is asked at once: a tree opens several folders when it comes.
const GATHER_MS = 30;
const MOST_FOLDERS = 500;

export class WatchClient {
  #socket: WebSocket | null = null;
  #phase: WatchPhase = "idle";
  #attempt = 0;
  #heardAt = 0;
  #said = "";
  #missed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #gather: ReturnType<typeof setTimeout> | undefined;
  #pings: ReturnType<typeof setInterval> | undefined;
  readonly #lookers = new Set<Looker>();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly options: WatchOptions) {}

  readonly phase = (): WatchPhase => this.#phase;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Looks until the answer is called. `update` exchanges what is looked at. */
  look(
    watched: Watched,
    tell: (change: Change) => void,
  ): { update: (next: Watched) => void; end: () => void } {
    const looker = { watched, tell };
    this.#lookers.add(looker);
    if (this.#lookers.size === 1) this.#open();
    else this.#say();
    return {
      update: (next) => {
        looker.watched = next;
        this.#say();
      },
      end: () => {
        this.#lookers.delete(looker);
        if (this.#lookers.size) this.#say();
        else this.#rest();
      },
    };
  }

  /** The network came back, or the page is looked at again. */
  retryNow(): void {
    if (this.#phase === "waiting") this.#open();
  }

  #open(): void {
    this.#abandon();
    this.#show("connecting");
    const socket = (this.options.openSocket ?? ((url) => new WebSocket(url)))(this.options.url);
    this.#socket = socket;
    this.#said = "";
    this.#retry = setTimeout(() => this.#closed(1006), OPEN_MS);
    socket.onopen = () => this.#opened();
    socket.onmessage = (message) => this.#hear(message.data);
    socket.onclose = (closed) => this.#closed(closed.code);
  }

  #opened(): void {
    clearTimeout(this.#retry);
    this.#heardAt = Date.now();
    this.#show("live");
    this.#sayNow();
    this.#pings = setInterval(() => this.#ping(), PING_MS);
    if (this.#missed) this.#tellAll({ folders: [], files: [], lost: true });
    this.#missed = false;
  }

  #hear(data: unknown): void {
    this.#heardAt = Date.now();
    const frame = typeof data === "string" ? parse(data) : null;
    if (frame?.type === "changed") this.#tellAll({ folders: frame.folders ?? [], files: frame.files ?? [] });
    else if (frame?.type === "lost") this.#tellAll({ folders: [], files: [], lost: true });
    else if (frame?.type === "ping") this.#send({ type: "pong", t: frame.t });
    // Only what follows the greeting shows that the machine behind the socket answers.
    else if (frame?.type === "looking") this.#attempt = 0;
  }

  #tellAll(change: Change): void {
    for (const looker of [...this.#lookers]) looker.tell(change);
  }

  #closed(code: number): void {
    this.#abandon();
    this.#missed = true;
    if (FINAL_CODES.has(code)) {
      this.#show("ended");
      return;
    }
    const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempt++);
    const jitter = 0.5 + (this.options.random ?? Math.random)() / 2;
    this.#show("waiting");
    this.#retry = setTimeout(() => this.#open(), full * jitter);
  }

  /** Nobody looks any more: what changes now is asked for when somebody does. */
  #rest(): void {
    this.#abandon();
    this.#attempt = 0;
    this.#missed = false;
    this.#show("idle");
  }

  #abandon(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#gather);
    clearInterval(this.#pings);
    this.#gather = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /** A dead network closes nothing: silence after pings is the only sign of it. */
  #ping(): void {
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#closed(1006);
    else this.#send({ type: "ping", t: Date.now() });
  }

  #say(): void {
    if (this.#phase !== "live") return;
    this.#gather ??= setTimeout(() => this.#sayNow(), GATHER_MS);
  }

  #sayNow(): void {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    const look = together([...this.#lookers].map((looker) => looker.watched));
    const text = JSON.stringify(look);
    if (text === this.#said) return;
    this.#said = text;
    this.#send({ type: "look", ...look });
  }

  #send(frame: object): void {
    if (this.#phase === "live") this.#socket?.send(JSON.stringify(frame));
  }

  #show(phase: WatchPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    for (const listener of this.#listeners) listener();
  }
}

/** What several look at, each path once, in one order, and no more folders than one socket may ask for. */
export function together(all: readonly Watched[]): { folders: string[]; files: string[] } {
  const folders = new Set(all.flatMap((watched) => watched.folders ?? []));
  const files = new Set(all.flatMap((watched) => watched.files ?? []));
  return {
    folders: [...folders].sort().slice(0, MOST_FOLDERS),
    files: [...files].sort().slice(0, MOST_FOLDERS),
  };
}

function parse(text: string): FromServer | null {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null && "type" in frame ? (frame as FromServer) : null;
  } catch {
    return null;
  }
}

const clients = new Map<string, WatchClient>();

function clientOf(projectId: string): WatchClient {
  let client = clients.get(projectId);
  if (!client) {
    const origin = location.origin.replace(/^http/, "ws");
    client = new WatchClient({ url: `${origin}/stream/files/watch/${encodeURIComponent(projectId)}` });
    clients.set(projectId, client);
  }
  return client;
}

/**
 * Calls back on changes to the named folders and files, while the project runs and the page is looked at. After a pause
 * of either the change says `lost`.
 */
export function useWatched(
  projectId: string,
  running: boolean,
  { folders = [], files = [] }: Watched,
  onChange: (change: Change) => void,
): void {
  const tell = useEffectEvent(onChange);
  const seen = useSeen();
  const looks = running && seen;
  const rested = useRef(false);
  const watched = JSON.stringify({ folders, files });
  const first = useRef(watched);
  const looking = useRef<ReturnType<WatchClient["look"]> | null>(null);
  useEffect(() => {
    first.current = watched;
    looking.current?.update(JSON.parse(watched) as Watched);
  }, [watched]);
  useEffect(() => {
    if (!looks) return;
    const client = clientOf(projectId);
    const made = client.look(JSON.parse(first.current) as Watched, (change) => tell(change));
    looking.current = made;
    if (rested.current) tell({ folders: [], files: [], lost: true });
    rested.current = true;
    const back = (): void => client.retryNow();
    window.addEventListener("online", back);
    return () => {
      window.removeEventListener("online", back);
      looking.current = null;
      made.end();
    };
  }, [projectId, looks]);
}

export function useWatchPhase(projectId: string): WatchPhase {
  const client = clientOf(projectId);
  return useSyncExternalStore(client.subscribe, client.phase);
}

// Watching costs the machine something, so a page in the background gives it up after a while.
const HIDDEN_MS = 60_000;

/** False once the page has been in the background for a minute. */
function useSeen(): boolean {
  return useSyncExternalStore(subscribeSeen, () => seenNow);
}

let seenNow = true;
let hiding: ReturnType<typeof setTimeout> | undefined;
const seers = new Set<() => void>();

function setSeen(next: boolean): void {
  clearTimeout(hiding);
  if (next === seenNow) return;
  seenNow = next;
  for (const tell of seers) tell();
}

function onVisibility(): void {
  if (!document.hidden) setSeen(true);
  else hiding = setTimeout(() => setSeen(false), HIDDEN_MS);
}

function subscribeSeen(listener: () => void): () => void {
  if (!seers.size) document.addEventListener("visibilitychange", onVisibility);
  seers.add(listener);
  return () => {
    seers.delete(listener);
    if (!seers.size) document.removeEventListener("visibilitychange", onVisibility);
  };
}
