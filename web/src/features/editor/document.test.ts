import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "@/api/problem";
import { ChangedMeanwhile, type Condition, type Contents } from "@/queries/contents";
import { OpenDocument } from "./document";
import { Drafts, MemoryShelf } from "./drafts";
import type { Machine } from "./machine";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A machine with files in it; its versions count up with every write. */
class FakeMachine implements Machine {
  readonly files = new Map<string, { text: string; etag: string }>();
  away: ApiError | null = null;
  #version = 0;

  put(path: string, text: string): string {
    const etag = `"v${++this.#version}"`;
    this.files.set(path, { text, etag });
    return etag;
  }

  text(path: string): string | undefined {
    return this.files.get(path)?.text;
  }

  async read(path: string, { unless }: { unless?: string | null }): Promise<Contents | "unchanged" | null> {
    if (this.away) throw this.away;
    const file = this.files.get(path);
    if (!file) return null;
    if (file.etag === unless) return "unchanged";
    const body = bytes(file.text);
    return { etag: file.etag, size: body.length, type: "text/plain", modified: "", bytes: body };
  }

  async write(path: string, body: Uint8Array, given: Condition): Promise<{ etag: string; size: number }> {
    if (this.away) throw this.away;
    const present = this.files.get(path)?.etag ?? null;
    const holds = "ifMatch" in given ? present === given.ifMatch : present === null;
    if (!holds) throw new ChangedMeanwhile(present);
    return { etag: this.put(path, new TextDecoder().decode(body)), size: body.length };
  }
}

const STOPPED = new ApiError({ type: "machine-unreachable", title: "No answer.", status: 503 }, "");
const PATH = "/src/lamp.py";

let machine = new FakeMachine();
let drafts = new Drafts(new MemoryShelf());

function document(path = PATH): OpenDocument {
  const nothing = (): void => undefined;
  return new OpenDocument("p", path, { machine, drafts, act: () => true, told: nothing, say: nothing });
}

async function openedWith(text: string): Promise<OpenDocument> {
  machine = new FakeMachine();
  drafts = new Drafts(new MemoryShelf());
  machine.put(PATH, text);
  const file = document();
  await file.open();
  return file;
}

function type(file: OpenDocument, text: string, at = 0): void {
  file.buffer.apply({ changes: { from: at, insert: text } });
}

afterEach(() => vi.useRealTimers());

test("what is typed is saved over the version it was typed into", async () => {
  const file = await openedWith("lit = True\n");
  type(file, "# night\n");
  expect(file.view().state).toBe("dirty");
  expect(await file.save()).toBe(true);
  expect(machine.text(PATH)).toBe("# night\nlit = True\n");
  expect(file.view().state).toBe("clean");
});

test("a text that is typed back to what it was needs no saving", async () => {
  const file = await openedWith("a");
  type(file, "b");
  file.buffer.apply({ changes: { from: 0, to: 1 } });
  expect(file.view().dirty).toBe(false);
});

test("Windows' line ends and a missing last one stay as they were", async () => {
  const file = await openedWith("a\r\nb");
  type(file, "c\n");
  await file.save();
  expect(machine.text(PATH)).toBe("c\r\na\r\nb");
});

test("a clean file follows the machine, and the cursor stays in its line", async () => {
  const file = await openedWith("one\ntwo\nthree\n");
  file.buffer.apply({ selection: { anchor: 9 } });
  machine.put(PATH, "zero\none\ntwo\nthree\nfour\n");
  await file.look();
  expect(file.text).toBe("zero\none\ntwo\nthree\nfour\n");
  expect(file.buffer.state.doc.lineAt(file.buffer.state.selection.main.head).text).toBe("three");
  expect(file.view().state).toBe("clean");
});

test("a dirty file meets the machine's version, and keeps its own", async () => {
  const file = await openedWith("a\n");
  type(file, "mine\n");
  machine.put(PATH, "theirs\na\n");
  await file.look();
  expect(file.view().state).toBe("changed");
  expect(file.view().theirs?.text?.toString()).toBe("theirs\na\n");
  expect(file.text).toBe("mine\na\n");
});

test("a save finds the change that no watch has told of", async () => {
  const file = await openedWith("a\n");
  type(file, "mine\n");
  machine.put(PATH, "theirs\n");
  expect(await file.save()).toBe(false);
  expect(machine.text(PATH)).toBe("theirs\n");
  expect(file.view().theirs?.text?.toString()).toBe("theirs\n");
});

test("a plain save does not write over what was not merged; a merged one does", async () => {
  const file = await openedWith("a\n");
  type(file, "mine\n");
  machine.put(PATH, "theirs\n");
  await file.look();
  expect(await file.save()).toBe(false);
  expect(machine.text(PATH)).toBe("theirs\n");
  expect(await file.save(true)).toBe(true);
  expect(machine.text(PATH)).toBe("mine\na\n");
});

test("a merge meets the version that came while it was made", async () => {
  const file = await openedWith("a\n");
  type(file, "mine\n");
  machine.put(PATH, "second\n");
  await file.look();
  machine.put(PATH, "third\n");
  expect(await file.save(true)).toBe(false);
  expect(machine.text(PATH)).toBe("third\n");
  expect(file.view().theirs?.text?.toString()).toBe("third\n");
  expect(await file.save(true)).toBe(true);
});

test("the machine's version can be taken, and undone", async () => {
  const file = await openedWith("a\n");
  type(file, "mine\n");
  machine.put(PATH, "theirs\n");
  await file.look();
  file.takeTheirs();
  expect(file.text).toBe("theirs\n");
  expect(file.view().state).toBe("clean");
});

test("one's own is kept beside it under the first free name", async () => {
  const file = await openedWith("a\n");
  machine.put("/src/lamp.mine.py", "older\n");
  type(file, "mine\n");
  machine.put(PATH, "theirs\n");
  await file.look();
  expect(await file.keepCopy()).toBe("/src/lamp.mine-2.py");
  expect(machine.text("/src/lamp.mine-2.py")).toBe("mine\na\n");
  expect(machine.text("/src/lamp.mine.py")).toBe("older\n");
  expect(file.text).toBe("theirs\n");
});

test("a file that is gone is saved again where it was", async () => {
  const file = await openedWith("a\n");
  type(file, "b\n");
  machine.files.delete(PATH);
  await file.look();
  expect(file.view().state).toBe("gone");
  expect(await file.save()).toBe(true);
  expect(machine.text(PATH)).toBe("b\na\n");
});

test("while the machine is away one types on, and it is saved when that is back", async () => {
  const file = await openedWith("a\n");
  vi.useFakeTimers();
  machine.away = STOPPED;
  type(file, "b\n");
  expect(await file.save()).toBe(false);
  expect(file.view()).toMatchObject({ waiting: true, state: "dirty" });
  machine.away = null;
  await vi.advanceTimersByTimeAsync(2_500);
  expect(machine.text(PATH)).toBe("b\na\n");
  expect(file.view()).toMatchObject({ waiting: false, refusal: null, state: "clean" });
});

test("a refusal that stays is said, and not tried again by itself", async () => {
  const file = await openedWith("a\n");
  machine.away = new ApiError({ type: "disk-full", title: "The disk is full.", status: 507 }, "");
  type(file, "b");
  await file.save();
  expect(file.view()).toMatchObject({ waiting: false, dirty: true });
});

test("what was not saved is there again after a reload, dirty as before", async () => {
  const first = await openedWith("a\n");
  type(first, "b\n");
  await first.flush();
  const second = document();
  await second.open();
  expect(second.text).toBe("b\na\n");
  expect(second.view()).toMatchObject({ state: "dirty", recovered: true });
  expect(await second.save()).toBe(true);
  expect(await drafts.find("p", PATH)).toBeUndefined();
});

test("a draft meets what the machine has changed since it was typed", async () => {
  const first = await openedWith("a\n");
  type(first, "b\n");
  await first.flush();
  machine.put(PATH, "theirs\n");
  const second = document();
  await second.open();
  expect(second.view().state).toBe("changed");
  expect(second.text).toBe("b\na\n");
});

test("a draft can be gone on with while the machine is away", async () => {
  const first = await openedWith("a\n");
  type(first, "b\n");
  await first.flush();
  machine.away = STOPPED;
  const second = document();
  await second.open();
  type(second, "c\n");
  expect(second.view()).toMatchObject({ phase: "text", state: "dirty" });
  machine.away = null;
  await second.look();
  expect(await second.save()).toBe(true);
  expect(machine.text(PATH)).toBe("c\nb\na\n");
});

test("a closed file leaves nothing behind", async () => {
  const file = await openedWith("a\n");
  type(file, "b\n");
  await file.flush();
  file.end();
  expect(await drafts.find("p", PATH)).toBeUndefined();
});

test("a renamed file takes its unsaved text along", async () => {
  const file = await openedWith("a\n");
  type(file, "b\n");
  await file.flush();
  await file.rename("/src/light.py");
  expect(await drafts.find("p", PATH)).toBeUndefined();
  expect((await drafts.find("p", "/src/light.py"))?.text).toBe("b\na\n");
});

test("a file that cannot be read now is read as soon as the machine answers", async () => {
  await openedWith("a\n");
  vi.useFakeTimers();
  machine.away = STOPPED;
  const file = document();
  await file.open();
  expect(file.view().phase).toBe("failed");
  machine.away = null;
  await vi.advanceTimersByTimeAsync(2_500);
  expect(file.view().phase).toBe("text");
});

test("what is no text, too long, or not there is not edited", async () => {
  await openedWith("a\n");
  machine.put("/a.bin", "a\0b");
  const binary = document("/a.bin");
  await binary.open();
  expect(binary.view().phase).toBe("binary");
  const absent = document("/none");
  await absent.open();
  expect(absent.view().phase).toBe("missing");
});
