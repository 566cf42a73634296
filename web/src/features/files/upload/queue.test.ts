import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "@/api/problem";
import { type Going, PIECE, type Transport, UploadQueue } from "./queue";
import type { Remembered, Store } from "./remember";
import type { UploadState } from "./view";

function refusal(status: number, type = "x"): ApiError {
  return new ApiError({ type, title: `refused with ${status}`, status }, "");
}

/** A server with a disk of names; the test says what goes wrong. */
class FakeServer implements Transport {
  readonly disk = new Map<string, number>();
  readonly uploads = new Map<string, { path: string; size: number; offset: number; overwrite: boolean }>();
  readonly asked: string[] = [];
  faults: ApiError[] = [];
  holds: (() => void)[] = [];
  held = false;
  most = 0;
  #running = 0;

  async #answer(what: string): Promise<void> {
    this.asked.push(what);
    this.#running += 1;
    this.most = Math.max(this.most, this.#running);
    if (this.held) await new Promise<void>((go) => this.holds.push(go));
    else await Promise.resolve();
    this.#running -= 1;
    const fault = this.faults.shift();
    if (fault) throw fault;
  }

  async makeFolder(path: string): Promise<void> {
    await this.#answer(`mkdir ${path}`);
    this.disk.set(path, -1);
  }

  async put(path: string, body: Blob, overwrite: boolean, { signal }: Going): Promise<void> {
    await this.#answer(`put ${path}`);
    if (signal.aborted) throw refusal(0);
    if (this.disk.has(path) && !overwrite) throw refusal(412, "changed-meanwhile");
    this.disk.set(path, body.size);
  }

  async exists(path: string): Promise<boolean> {
    return this.disk.has(path);
  }

  async begin(path: string, size: number, overwrite: boolean): Promise<{ id: string; offset: number }> {
    await this.#answer(`begin ${path}`);
    const id = `u${this.uploads.size + 1}`;
    this.uploads.set(id, { path, size, offset: 0, overwrite });
    return { id, offset: 0 };
  }

  async offsetOf(id: string): Promise<number> {
    const upload = this.uploads.get(id);
    if (!upload) throw refusal(404, "not-found");
    return upload.offset;
  }

  async piece(id: string, offset: number, body: Blob, { signal }: Going): Promise<number> {
    await this.#answer(`piece ${offset}`);
    if (signal.aborted) throw refusal(0);
    const upload = this.uploads.get(id);
    if (!upload) throw refusal(404);
    if (offset !== upload.offset) throw refusal(409, "wrong-offset");
    upload.offset += body.size;
    if (upload.offset === upload.size) this.disk.set(upload.path, upload.size);
    return upload.offset;
  }

  async drop(id: string): Promise<void> {
    this.asked.push(`drop ${id}`);
    this.uploads.delete(id);
  }

  release(): void {
    this.held = false;
    for (const go of this.holds.splice(0)) go();
  }
}

class FakeStore implements Store {
  kept: Remembered[] = [];
  all = (): Remembered[] => this.kept;
  put(upload: Remembered): void {
    this.drop(upload.uploadId);
    this.kept.push(upload);
  }
  drop(uploadId: string): void {
    this.kept = this.kept.filter((other) => other.uploadId !== uploadId);
  }
}

let server: FakeServer;
let store: FakeStore;
let queue: UploadQueue;

const small = (name: string): File => new File(["hello"], name);

/** A file of any size that holds nothing: only its parts are ever asked for. */
function large(name: string, size: number): File {
  const file = new File([], name, { lastModified: 5 });
  Object.defineProperty(file, "size", { value: size });
  file.slice = (from = 0, to = size) => ({ size: Math.min(to, size) - from }) as Blob;
  return file;
}

const states = (): UploadState[] => queue.view().items.map((item) => item.state);

async function settled(ms = 60): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  server = new FakeServer();
  store = new FakeStore();
  queue = new UploadQueue(server, store);
});

afterEach(() => vi.useRealTimers());

describe("many files", () => {
  test("all arrive, empty folders too, and no more than a few at once", async () => {
    const given = Array.from({ length: 200 }, (_, at) => ({ path: `/d/${at}`, file: small(String(at)) }));
    queue.add([...given, { path: "/d/empty", file: null }]);
    await settled();
    expect(server.disk.size).toBe(201);
    expect(server.most).toBe(4);
    expect(queue.view()).toMatchObject({ open: 0, failed: 0, total: 1_000, sent: 1_000 });
  });

  test("those of a new beginning are not counted with those that are over", async () => {
    queue.add([{ path: "/a", file: small("a") }]);
    await settled();
    queue.add([{ path: "/b", file: small("b") }]);
    await settled();
    expect(queue.view().items.map((item) => item.path)).toEqual(["/b"]);
  });

  test("one that is refused does not hold up the others, and goes again when asked", async () => {
    server.faults = [refusal(403, "not-permitted")];
    queue.add([
      { path: "/a", file: small("a") },
      { path: "/b", file: small("b") },
    ]);
    await settled();
    expect(states()).toEqual(["failed", "done"]);
    expect(queue.view().items[0]?.fault).toBe("refused with 403");
    queue.resume(1);
    await settled();
    expect(states()).toEqual(["done", "done"]);
  });

  test("a stopped machine is waited for", async () => {
    server.faults = [refusal(409, "machine-not-running")];
    queue.add([{ path: "/a", file: small("a") }]);
    await settled();
    expect(states()).toEqual(["retrying"]);
    await settled(1_100);
    expect(states()).toEqual(["done"]);
  });

  test("a full disk is a failure, not a pause", async () => {
    server.faults = [refusal(507, "disk-full")];
    queue.add([{ path: "/a", file: small("a") }]);
    await settled();
    expect(states()).toEqual(["failed"]);
  });
});

describe("what stands there already", () => {
  const given = () => ["a", "b"].map((name) => ({ path: `/${name}.md`, file: small(`${name}.md`) }));

  beforeEach(async () => {
    server.disk.set("/a.md", 1).set("/b.md", 1);
    queue.add([...given(), { path: "/c.md", file: small("c.md") }]);
    await settled();
  });

  test("is asked about once, while the others go on", () => {
    expect(states()).toEqual(["asking", "asking", "done"]);
    expect(queue.view().asking).toBe(2);
    expect(server.disk.get("/a.md")).toBe(1);
  });

  test("is replaced", async () => {
    queue.decide("replace");
    await settled();
    expect([server.disk.get("/a.md"), server.disk.get("/b.md")]).toEqual([5, 5]);
  });

  test("is left alone", async () => {
    queue.decide("skip");
    await settled();
    expect(states()).toEqual(["skipped", "skipped", "done"]);
    expect(queue.view().open).toBe(0);
  });

  test("is kept beside the new one, under the next free number", async () => {
    server.disk.set("/a (2).md", 1);
    queue.decide("keep");
    await settled();
    expect(server.disk.get("/a (3).md")).toBe(5);
    expect(server.disk.get("/b (2).md")).toBe(5);
    expect(server.disk.get("/a.md")).toBe(1);
  });

  test("is asked about anew with the next files", async () => {
    queue.decide("replace");
    await settled();
    queue.add(given());
    await settled();
    expect(queue.view().asking).toBe(2);
  });
});

describe("large files", () => {
  test("go in pieces", async () => {
    queue.add([{ path: "/big", file: large("big", 2 * PIECE + 5) }]);
    await settled();
    expect(server.asked).toEqual(["begin /big", "piece 0", `piece ${PIECE}`, `piece ${2 * PIECE}`]);
    expect(states()).toEqual(["done"]);
    expect(store.kept).toEqual([]);
  });

  test("go on by themselves where the network was lost, from what the server has", async () => {
    queue.add([{ path: "/big", file: large("big", 3 * PIECE) }]);
    server.held = true;
    await settled();
    server.release();
    await vi.advanceTimersByTimeAsync(0);
    server.faults = [refusal(0, "unreachable")];
    await settled(3_000);
    expect(states()).toEqual(["done"]);
    expect(server.disk.get("/big")).toBe(3 * PIECE);
  });

  test("the return of the network does not wait out the pause", async () => {
    server.faults = [refusal(0)];
    queue.add([{ path: "/big", file: large("big", 2 * PIECE) }]);
    await settled();
    expect(states()).toEqual(["retrying"]);
    queue.retryNow();
    await settled();
    expect(states()).toEqual(["done"]);
  });

  test("pause and go on", async () => {
    server.held = true;
    queue.add([{ path: "/big", file: large("big", 2 * PIECE) }]);
    await settled();
    queue.pause(1);
    server.release();
    await settled();
    expect(states()).toEqual(["paused"]);
    queue.resume(1);
    await settled();
    expect(states()).toEqual(["done"]);
  });

  test("a cancelled one leaves nothing behind", async () => {
    queue.add([{ path: "/big", file: large("big", 2 * PIECE) }]);
    server.held = true;
    await settled();
    queue.cancel(1);
    server.release();
    await settled();
    expect(queue.view().items).toEqual([]);
    expect(store.kept).toEqual([]);
    expect(server.disk.size).toBe(0);
  });

  test("are asked about before their bytes are sent", async () => {
    server.disk.set("/big", 1);
    queue.add([{ path: "/big", file: large("big", 2 * PIECE) }]);
    await settled();
    expect(states()).toEqual(["asking"]);
    expect(server.asked).toEqual([]);
    queue.decide("keep");
    await settled();
    expect(server.disk.get("/big (2)")).toBe(2 * PIECE);
  });

  test("begin anew where what the server had has expired", async () => {
    store.kept = [kept({ uploadId: "gone" })];
    queue = new UploadQueue(server, store);
    queue.add([{ path: "/big", file: large("big", 3 * PIECE) }]);
    await settled();
    expect(server.disk.get("/big")).toBe(3 * PIECE);
  });
});

function kept(more: Partial<Remembered> = {}): Remembered {
  const size = 3 * PIECE;
  const known = {
    path: "/big",
    goal: "/big",
    size,
    sent: PIECE,
    overwrite: false,
    name: "big",
    lastModified: 5,
  };
  return { uploadId: "u1", ...known, ...more };
}

describe("after a reload", () => {
  beforeEach(() => {
    server.uploads.set("u1", { path: "/big", size: 3 * PIECE, offset: PIECE, overwrite: false });
    store.kept = [kept()];
    queue = new UploadQueue(server, store);
  });

  test("what had begun is shown, and goes on where it was when the same file is given again", async () => {
    expect(queue.view().items).toMatchObject([{ path: "/big", state: "lost", sent: PIECE }]);
    queue.add([{ path: "/big", file: large("big", 3 * PIECE) }]);
    await settled();
    expect(server.asked).toEqual([`piece ${PIECE}`, `piece ${2 * PIECE}`]);
    expect(queue.view().items).toHaveLength(1);
  });

  test("another file of that name is another upload", async () => {
    queue.add([{ path: "/big", file: large("big", 2 * PIECE) }]);
    await settled();
    expect(queue.view().items).toHaveLength(2);
  });

  test("it can be given up", async () => {
    queue.cancel(1);
    await settled();
    expect(server.uploads.size).toBe(0);
    expect(store.kept).toEqual([]);
  });
});
