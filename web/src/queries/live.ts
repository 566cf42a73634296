/** The stream of server-sent events, kept open while the page is looked at. */
import type { QueryClient } from "@tanstack/react-query";
import { applyEvent, EVENT_NAMES, type ServerEvent } from "./events";

export type LinkState = "connecting" | "live" | "lost";

type Listener = () => void;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
// A browser opens six connections to one origin; a page nobody looks at gives its one back.
const HIDDEN_MS = 60_000;

export class LiveEvents {
  #source: EventSource | null = null;
  #state: LinkState = "connecting";
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #missed = false;
  readonly #listeners = new Set<Listener>();
  readonly #hearers = new Set<(event: ServerEvent) => void>();
  #listens = false;

  constructor(
    private readonly cache: QueryClient,
    private readonly open: (url: string) => EventSource = (url) => new EventSource(url),
  ) {}

  readonly state = (): LinkState => this.#state;

  readonly subscribe = (listener: Listener): Listener => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls with every event, after what it says is kept. */
  onEvent(hearer: (event: ServerEvent) => void): Listener {
    this.#hearers.add(hearer);
    return () => this.#hearers.delete(hearer);
  }

  /** Whether the stream stays open also while nobody looks at the page. */
  listenOn(on: boolean): void {
    this.#listens = on;
    if (document.hidden) this.#onVisibility();
  }

  /** Opens the stream; the answer closes it. */
  start(): Listener {
    this.#connect();
    const seen = (): void => this.#onVisibility();
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("online", seen);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("online", seen);
      this.#close();
    };
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = this.open("/api/events");
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#failed(source);
    for (const name of EVENT_NAMES) source.addEventListener(name, (message) => this.#take(name, message));
  }

  #opened(): void {
    this.#attempt = 0;
    this.#set("live");
    // A new EventSource knows no last id, so what happened in between must be asked for.
    if (this.#missed) void this.cache.invalidateQueries();
    this.#missed = false;
  }

  /** The browser resumes a dropped stream by itself; one that was refused it gives up, and we try anew. */
  #failed(source: EventSource): void {
    this.#set("lost");
    if (source.readyState !== EventSource.CLOSED) return;
    this.#missed = true;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempt++);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  #take(name: ServerEvent["name"], message: MessageEvent<string>): void {
    const event = { name, data: JSON.parse(message.data) } as ServerEvent;
    applyEvent(this.cache, event);
    for (const hearer of this.#hearers) hearer(event);
  }

  #onVisibility(): void {
    clearTimeout(this.#timer);
    if (document.hidden && !this.#listens) this.#timer = setTimeout(() => this.#rest(), HIDDEN_MS);
    else if (!this.#source || this.#source.readyState === EventSource.CLOSED) this.#connect();
  }

  #rest(): void {
    this.#close();
    this.#missed = true;
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #set(state: LinkState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
