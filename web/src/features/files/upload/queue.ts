/**
 * Files on their way into a project: a few at once, large ones in pieces that survive a lost network and a reload. Knows
 * no React and no network; the transport does.
 */
import { ApiError, asApiError } from "@/api/problem";
import { numbered } from "../paths";
import { isSame, type Remembered, type Store } from "./remember";
import { NO_UPLOADS, OPEN, type Upload, type UploadState, type UploadsView, viewOf } from "./view";

export type Decision = "replace" | "keep" | "skip";

/** Something to bring into the project; a folder is made, a file is sent. */
export interface Given {
  path: string;
  file: File | null;
}

export interface Going {
  signal: AbortSignal;
  progress: (bytes: number) => void;
}

export interface Transport {
  makeFolder(path: string): Promise<void>;
  /** Throws ApiError 412 where something stands, unless it may be overwritten. */
  put(path: string, body: Blob, overwrite: boolean, going: Going): Promise<void>;
  exists(path: string): Promise<boolean>;
  begin(path: string, size: number, overwrite: boolean): Promise<{ id: string; offset: number }>;
  offsetOf(id: string): Promise<number>;
  /** Answers how far the server has it now. */
  piece(id: string, offset: number, body: Blob, going: Going): Promise<number>;
  drop(id: string): Promise<void>;
}

export const PIECE = 8 * 1024 * 1024;
const AT_ONCE = 4;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 20_000;
const SHOW_MS = 50;
const MOST_NUMBERS = 100;

type Item = { -readonly [Key in keyof Upload]: Upload[Key] } & {
  file: File | null;
  batch: number;
  /** The path it was meant for, before a number was added to it. */
  goal: string;
  number: number;
  overwrite: boolean;
  uploadId: string;
  attempt: number;
  stop: AbortController | null;
  timer: ReturnType<typeof setTimeout> | undefined;
};

const RUNNING = new Set<UploadState>(["sending"]);

export class UploadQueue {
  #items: Item[] = [];
  #view: UploadsView = NO_UPLOADS;
  #next = 1;
  #batch = 0;
  #showing: ReturnType<typeof setTimeout> | undefined;
  readonly #decided = new Map<number, Decision>();
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly transport: Transport,
    private readonly store: Store,
    private readonly landed: (path: string) => void = () => {},
  ) {
    for (const kept of store.all()) this.#items.push(this.#lost(kept));
    if (this.#items.length) this.#view = viewOf(this.#items);
  }

  readonly view = (): UploadsView => this.#view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What is given together is asked about together. */
  add(given: readonly Given[]): void {
    this.#batch += 1;
    // A new beginning: what is over long since is not counted with it.
    if (!this.#items.some(({ state }) => OPEN.has(state))) this.clear();
    for (const { path, file } of given) {
      const known = file && this.#items.find((item) => item.state === "lost" && isSame(item, file));
      if (known) this.#found(known, file);
      else this.#items.push(this.#item(path, file));
    }
    this.#pump();
  }

  decide(decision: Decision): void {
    for (const item of this.#items.filter(({ state }) => state === "asking")) {
      this.#decided.set(item.batch, decision);
      this.#apply(item, decision);
    }
    this.#pump();
  }

  pause(id: number): void {
    const item = this.#find(id);
    if (item && OPEN.has(item.state) && item.state !== "asking") this.#halt(item, "paused");
  }

  /** Goes on after a pause or a failure. */
  resume(id: number): void {
    const item = this.#find(id);
    if (!item || (item.state !== "paused" && item.state !== "failed")) return;
    item.attempt = 0;
    item.fault = "";
    item.state = "waiting";
    this.#pump();
  }

  /** Takes it out of the list; what the server has of it is dropped. */
  cancel(id: number): void {
    const item = this.#find(id);
    if (!item) return;
    this.#halt(item, "skipped");
    if (item.uploadId) void this.transport.drop(item.uploadId).catch(() => {});
    this.#forget(item);
    this.#items = this.#items.filter((other) => other !== item);
    this.#pump();
  }

  cancelAll(): void {
    for (const { id } of this.#items.filter(({ state }) => OPEN.has(state))) this.cancel(id);
  }

  /** Takes what is over out of the list. */
  clear(): void {
    this.#items = this.#items.filter(({ state }) => OPEN.has(state) || state === "lost");
    this.#changed();
  }

  /** The network came back: do not wait out the pauses. */
  retryNow(): void {
    for (const item of this.#items) if (item.state === "retrying") this.#halt(item, "waiting");
    this.#pump();
  }

  #find(id: number): Item | undefined {
    return this.#items.find((item) => item.id === id);
  }

  #item(path: string, file: File | null): Item {
    return {
      id: this.#next++,
      path,
      goal: path,
      file,
      size: file?.size ?? 0,
      sent: 0,
      state: "waiting",
      folder: file === null,
      pieces: (file?.size ?? 0) > PIECE,
      fault: "",
      batch: this.#batch,
      number: 1,
      overwrite: false,
      uploadId: "",
      attempt: 0,
      stop: null,
      timer: undefined,
    };
  }

  #lost(kept: Remembered): Item {
    const { path, size, sent, uploadId, overwrite } = kept;
    const item = this.#item(path, null);
    return {
      ...item,
      size,
      sent,
      uploadId,
      overwrite,
      state: "lost",
      folder: false,
      pieces: true,
      goal: kept.goal,
    };
  }

  #found(item: Item, file: File): void {
    item.file = file;
    item.batch = this.#batch;
    item.state = "waiting";
  }

  #pump(): void {
    const running = this.#items.filter(({ state }) => RUNNING.has(state)).length;
    const next = this.#items.filter(({ state }) => state === "waiting").slice(0, AT_ONCE - running);
    for (const item of next) void this.#run(item);
    this.#changed();
  }

  async #run(item: Item): Promise<void> {
    const stop = new AbortController();
    item.state = "sending";
    item.stop = stop;
    try {
      await this.#send(item, stop.signal);
      if (stop.signal.aborted) return;
      item.state = "done";
      item.sent = item.size;
      this.#forget(item);
      this.landed(item.path);
    } catch (error) {
      // Who stopped it has already said what becomes of it.
      if (!stop.signal.aborted) this.#refused(item, asApiError(error));
    }
    this.#pump();
  }

  #send(item: Item, signal: AbortSignal): Promise<void> {
    if (!item.file) return this.transport.makeFolder(item.path);
    if (item.pieces) return this.#sendPieces(item, item.file, signal);
    item.sent = 0;
    return this.transport.put(item.path, item.file, item.overwrite, this.#going(item, 0, signal));
  }

  async #sendPieces(item: Item, file: File, signal: AbortSignal): Promise<void> {
    item.sent = await this.#begun(item);
    if (!this.#items.includes(item)) return this.transport.drop(item.uploadId);
    this.#remember(item, file);
    while (item.sent < item.size && !signal.aborted) {
      const from = item.sent;
      const body = file.slice(from, from + PIECE);
      item.sent = await this.transport.piece(item.uploadId, from, body, this.#going(item, from, signal));
      item.attempt = 0;
      this.#remember(item, file);
    }
  }

  /** Where to go on: the server knows how much it has. What has expired there begins anew. */
  async #begun(item: Item): Promise<number> {
    const known = item.uploadId ? await this.transport.offsetOf(item.uploadId).catch(unlessGone) : null;
    if (known !== null) return known;
    // Better asked before than after some gigabytes.
    if (!item.overwrite && (await this.transport.exists(item.path))) throw taken();
    const { id, offset } = await this.transport.begin(item.path, item.size, item.overwrite);
    item.uploadId = id;
    return offset;
  }

  #going(item: Item, from: number, signal: AbortSignal): Going {
    const progress = (bytes: number): void => {
      if (signal.aborted) return;
      item.sent = Math.min(item.size, from + bytes);
      this.#changed();
    };
    return { signal, progress };
  }

  #refused(item: Item, error: ApiError): void {
    if (isConflict(error)) this.#conflict(item);
    else if (error.problem.type.endsWith("wrong-offset")) item.state = "waiting";
    else if (passes(error)) this.#wait(item, error);
    else this.#fail(item, error.message);
  }

  #conflict(item: Item): void {
    const decision = this.#decided.get(item.batch);
    if (decision) this.#apply(item, decision);
    else item.state = "asking";
  }

  #apply(item: Item, decision: Decision): void {
    item.state = decision === "skip" ? "skipped" : "waiting";
    item.sent = 0;
    if (item.uploadId && decision !== "replace") this.#begin(item);
    if (decision === "replace") {
      this.#begin(item);
      item.overwrite = true;
    }
    if (decision !== "keep") return;
    item.number += 1;
    if (item.number > MOST_NUMBERS) this.#fail(item, "There are too many of this name.");
    item.path = numbered(item.goal, item.number);
  }

  /** Lets go of what the server has of it: it begins anew under another name or another right. */
  #begin(item: Item): void {
    if (!item.uploadId) return;
    void this.transport.drop(item.uploadId).catch(() => {});
    this.#forget(item);
    item.uploadId = "";
  }

  #wait(item: Item, error: ApiError): void {
    const pause = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** item.attempt++);
    item.state = "retrying";
    item.fault = error.message;
    item.timer = setTimeout(() => {
      item.state = "waiting";
      this.#pump();
    }, pause);
  }

  #fail(item: Item, fault: string): void {
    item.state = "failed";
    item.fault = fault;
  }

  #halt(item: Item, state: UploadState): void {
    clearTimeout(item.timer);
    item.state = state;
    item.stop?.abort();
    item.stop = null;
    this.#changed();
    if (state === "paused") this.#pump();
  }

  #remember(item: Item, file: File): void {
    const { uploadId, path, goal, size, sent, overwrite } = item;
    const { name, lastModified } = file;
    this.store.put({ uploadId, path, goal, size, sent, overwrite, name, lastModified });
  }

  #forget(item: Item): void {
    if (item.uploadId) this.store.drop(item.uploadId);
  }

  #changed(): void {
    if (this.#showing === undefined) this.#showing = setTimeout(() => this.#show(), SHOW_MS);
  }

  #show(): void {
    this.#showing = undefined;
    this.#view = viewOf(this.#items);
    for (const listener of this.#listeners) listener();
  }
}

function isConflict(error: ApiError): boolean {
  return error.status === 412 || (error.status === 409 && error.problem.type.endsWith("exists"));
}

/** Faults that pass by themselves or by a start: no network, no machine, a restart. */
function passes(error: ApiError): boolean {
  if (error.problem.type.endsWith("machine-not-running")) return true;
  return error.status === 0 || error.status === 429 || (error.status >= 500 && error.status !== 507);
}

function unlessGone(error: unknown): null {
  if (asApiError(error).status === 404) return null;
  throw error;
}

function taken(): ApiError {
  return new ApiError({ type: "exists", title: "Something is there already.", status: 409 }, "");
}
