/**
 * One open file: its text, where that stands against the machine, and the ways between. It lives as long as its tab, with
 * or without an editor on the page, and keeps what is not saved in this browser.
 */
import { Text, Transaction, type TransactionSpec } from "@codemirror/state";
import { asApiError } from "@/api/problem";
import { ChangedMeanwhile, type Contents } from "@/queries/contents";
import { Buffer } from "./buffer";
import { changesTo } from "./changes";
import { AT_FIRST, type DocumentView, type Theirs } from "./documentView";
import type { Drafts } from "./drafts";
import { indentOf } from "./indent";
import { CannotHold, isPassing, type Machine } from "./machine";
import { copyNames } from "./names";
import { condition, FRESH, type Standing, stateOf, type Then, type Turn, turned } from "./standing";
import { baseName } from "./tabs";
import { type Form, fromBytes, toBytes } from "./text";

/** Longer files are only looked at. */
export const EDIT_LIMIT = 5 * 1024 * 1024;
const DRAFT_MS = 300;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

export interface Surroundings {
  machine: Machine;
  drafts: Drafts;
  /** Keys that act on the file or lead away from it. */
  act: (what: "save" | "save-all", document: OpenDocument) => true;
  /** After every change of what the document says of itself. */
  told: (document: OpenDocument) => void;
  say: (sentence: string) => void;
}

export class OpenDocument {
  readonly buffer: Buffer;
  #view: DocumentView = AT_FIRST;
  #standing: Standing = FRESH;
  #saved: Text = Text.empty;
  /** The text goes on from a draft, and what the machine has was never read. */
  #unread = false;
  #lookAgain = false;
  #opened: Promise<void> | null = null;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #draft: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly projectId: string,
    public path: string,
    private readonly around: Surroundings,
  ) {
    this.buffer = new Buffer({
      label: baseName(path),
      typed: () => this.#typed(),
      keys: [
        { key: "Mod-s", preventDefault: true, run: () => around.act("save", this) },
        { key: "Mod-Alt-s", preventDefault: true, run: () => around.act("save-all", this) },
      ],
    });
  }

  readonly view = (): DocumentView => this.#view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get text(): string {
    return this.buffer.doc.toString();
  }

  /** Reads the file and what was typed into it before; once. */
  open(): Promise<void> {
    this.#opened ??= this.#load();
    return this.#opened;
  }

  /** After a failure, or to find out whether the machine has it again. */
  async reopen(): Promise<void> {
    this.#opened = null;
    await this.open();
  }

  async #load(): Promise<void> {
    const draft = await this.around.drafts.find(this.projectId, this.path);
    try {
      const found = await this.around.machine.read(this.path, { limit: EDIT_LIMIT });
      if (this.#ended || found === "unchanged") return;
      if (draft) await this.#resume(draft.text, draft.base, draft.form, found);
      else this.#begin(found);
    } catch (error) {
      if (this.#ended) return;
      this.#unread = draft !== undefined;
      // A text that is only here can be gone on with while the machine does not answer.
      if (draft) this.#place(draft.text, draft.form, Text.empty, draft.base, true);
      else this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#show({ phase: "failed", error });
    if (!isPassing(error)) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.reopen(), this.#nextWait());
  }

  #nextWait(): number {
    return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempt++);
  }

  #begin(found: Contents | null): void {
    if (found) this.#describe(found);
    const read = found?.bytes ? fromBytes(found.bytes) : null;
    if (found && read) this.#place(read.text, read.form, null, found.etag, false);
    else if (!found) this.#show({ phase: "missing", error: null, etag: null });
    else this.#show({ phase: found.bytes ? "binary" : "large", error: null });
  }

  /** Goes on with a text that was typed before, against what the machine has now. */
  async #resume(text: string, base: string | null, form: Form, found: Contents | null): Promise<void> {
    const read = found?.bytes ? fromBytes(found.bytes) : null;
    const here = read?.text === text;
    if (found) this.#describe(found);
    const saved = Text.of((read?.text ?? "").split("\n"));
    this.#place(text, form, here ? null : saved, base, !here);
    this.#see(found, read);
  }

  /** Puts a text into a new editor. `saved` is what the machine has, where that is another text. */
  #place(text: string, form: Form, saved: Text | null, base: string | null, recovered: boolean): void {
    this.#attempt = 0;
    const doc = Text.of(text.split("\n"));
    const indent = indentOf(doc.iterLines());
    this.#saved = saved ?? doc;
    this.#standing = { ...FRESH, base, dirty: recovered };
    this.buffer.start(doc, indent);
    const language = this.buffer.speak(this.path);
    this.#show({ phase: "text", form, indent, language, recovered, error: null });
  }

  #typed(): void {
    const dirty = !this.buffer.doc.eq(this.#saved);
    if (dirty !== this.#standing.dirty) this.#turn({ type: "edited", dirty });
    clearTimeout(this.#draft);
    this.#draft = setTimeout(() => void this.flush(), DRAFT_MS);
  }

  /** Keeps in this browser what is not saved, or forgets what is. */
  async flush(): Promise<void> {
    clearTimeout(this.#draft);
    const { projectId, path } = this;
    if (this.#view.phase !== "text") return;
    const { base, dirty, gone } = this.#standing;
    const draft = { text: this.text, base, form: this.#view.form, at: new Date().toISOString() };
    if (dirty || gone) await this.around.drafts.keep(projectId, path, draft);
    else await this.around.drafts.forget(projectId, path);
  }

  /** Something may have happened to the file in the machine. */
  async look(): Promise<void> {
    if (this.#standing.saving) this.#lookAgain = true;
    else if (this.#view.phase === "text") await this.#lookNow();
    else if (this.#view.phase !== "loading") await this.reopen();
  }

  async #lookNow(): Promise<void> {
    const { path } = this;
    const unless = this.#unread ? null : (this.#standing.theirs ?? this.#standing.base);
    try {
      const found = await this.around.machine.read(path, { unless, limit: EDIT_LIMIT });
      if (this.#ended || path !== this.path) return;
      if (found === "unchanged") this.#unchanged(unless);
      else await this.#compare(found);
    } catch {
      // Whoever watches says when the machine is back, and asks again then.
    }
  }

  async #compare(found: Contents | null): Promise<void> {
    if (found) this.#describe(found);
    const read = found?.bytes ? fromBytes(found.bytes) : null;
    if (this.#unread && read) this.#saved = Text.of(read.text.split("\n"));
    this.#unread = false;
    const before = this.buffer.doc;
    const changes = read && (await changesTo(before, read.text));
    if (this.#ended) return;
    // What was typed in between has moved the places of the changes; it has made the text dirty as well.
    this.#see(found, read, this.buffer.doc === before ? (changes ?? undefined) : undefined);
  }

  #unchanged(etag: string | null): void {
    if (this.#standing.gone && etag) this.#turn({ type: "seen", etag, same: false });
  }

  #see(
    found: Contents | null,
    read: ReturnType<typeof fromBytes>,
    changes?: TransactionSpec["changes"],
  ): void {
    const text = read && Text.of(read.text.split("\n"));
    const same = text?.eq(this.buffer.doc) ?? false;
    const wasGone = this.#standing.gone;
    const then = this.#turn({ type: "seen", etag: found?.etag ?? null, same });
    if (!found) {
      if (!wasGone) this.around.say(`${baseName(this.path)} is not in the machine any more.`);
    } else if (same && text) this.#settle(text);
    else if (then === "merge") this.#meet({ etag: found.etag, text });
    else if (then === "reload") this.#reload(found, read, changes);
  }

  /** The file has become another and nothing is lost by following it; cursor and scroll stay where they are. */
  #reload(found: Contents, read: ReturnType<typeof fromBytes>, changes: TransactionSpec["changes"]): void {
    if (!read) {
      this.#begin(found);
      return;
    }
    this.#saved = Text.of(read.text.split("\n"));
    this.buffer.apply({
      changes: changes ?? { from: 0, to: this.buffer.doc.length, insert: this.#saved },
      annotations: Transaction.addToHistory.of(false),
      userEvent: "reload",
    });
    this.#saved = this.buffer.doc;
    this.#turn({ type: "edited", dirty: false });
    this.#show({ form: read.form, recovered: false });
    this.around.say(`${baseName(this.path)} was changed in the machine and is shown anew.`);
  }

  #meet(theirs: Theirs): void {
    this.#show({ theirs });
    void this.flush();
    this.around.say(`${baseName(this.path)} was changed in the machine while you edited it.`);
  }

  #settle(text: Text): void {
    this.#saved = text;
    this.#show({ theirs: null, recovered: false, refusal: null, waiting: false });
    void this.flush();
  }

  /** True when the text is in the machine. While it has two versions, only `merged` saves. */
  async save(merged = false): Promise<boolean> {
    const { state, phase, form } = this.#view;
    if (phase !== "text" || this.#standing.saving || (state === "changed" && !merged)) return false;
    if (state === "clean") return true;
    const doc = this.buffer.doc;
    const bytes = toBytes(doc.toString(), form);
    if (!bytes) return this.#refuse(new CannotHold(form.encoding));
    const given = condition(this.#standing);
    this.#turn({ type: "saving" });
    try {
      const written = await this.around.machine.write(this.path, bytes, given);
      this.#saved = doc;
      this.#attempt = 0;
      this.#turn({ type: "saved", etag: written.etag, dirty: !this.buffer.doc.eq(doc) });
      this.#show({ size: written.size, modified: new Date().toISOString() });
      this.#settle(doc);
      return true;
    } catch (error) {
      return await this.#unsaved(error);
    } finally {
      if (this.#lookAgain) void this.#lookSoon();
    }
  }

  #lookSoon(): Promise<void> {
    this.#lookAgain = false;
    return this.look();
  }

  async #unsaved(error: unknown): Promise<false> {
    if (!(error instanceof ChangedMeanwhile)) {
      this.#turn({ type: "failed" });
      return this.#refuse(error);
    }
    this.#turn({ type: "refused", etag: error.etag });
    const found = await this.around.machine.read(this.path, { limit: EDIT_LIMIT }).catch(() => null);
    const read = found && found !== "unchanged" && found.bytes ? fromBytes(found.bytes) : null;
    if (!found || found === "unchanged") {
      this.#turn({ type: "seen", etag: null, same: false });
      return false;
    }
    this.#standing = { ...this.#standing, theirs: found.etag, gone: false };
    this.#meet({ etag: found.etag, text: read && Text.of(read.text.split("\n")) });
    if (read?.text === this.text) this.#see(found, read);
    return false;
  }

  #refuse(refusal: unknown): false {
    const waiting = isPassing(refusal);
    this.#show({ refusal, waiting });
    void this.flush();
    clearTimeout(this.#retry);
    if (waiting) {
      this.#retry = setTimeout(() => void this.save(), this.#nextWait());
    } else this.around.say(asApiError(refusal).message);
    return false;
  }

  /** The machine or the network is back. */
  retryNow(): void {
    if (this.#view.waiting) void this.save();
    else void this.look();
  }

  /** Gives the text up for the machine's; undo brings it back. */
  takeTheirs(): void {
    const { theirs } = this.#view;
    if (!theirs?.text) return;
    this.#saved = theirs.text;
    this.buffer.apply({
      changes: { from: 0, to: this.buffer.doc.length, insert: theirs.text },
      userEvent: "reload",
    });
    this.#turn({ type: "taken", etag: theirs.etag });
    this.#settle(this.buffer.doc);
  }

  /** Writes the text beside the file under the first free name, and takes the machine's here. Answers the new path. */
  async keepCopy(): Promise<string | null> {
    const bytes = toBytes(this.text, this.#view.form);
    if (!bytes) return this.#refuse(new CannotHold(this.#view.form.encoding)) || null;
    for (const path of copyNames(this.path)) {
      try {
        await this.around.machine.write(path, bytes, { ifNoneMatch: "*" });
        if (this.#view.theirs?.text) this.takeTheirs();
        else await this.#giveUp();
        return path;
      } catch (error) {
        if (error instanceof ChangedMeanwhile) continue;
        return this.#refuse(error) || null;
      }
    }
    return null;
  }

  /** Shows the machine's version, whatever it is, once the text is elsewhere. */
  async #giveUp(): Promise<void> {
    await this.around.drafts.forget(this.projectId, this.path);
    this.#standing = FRESH;
    this.#show({ phase: "loading", theirs: null });
    await this.reopen();
  }

  /** Writes it as UTF-8 from now on. */
  async saveAsUtf8(): Promise<boolean> {
    this.#show({ form: { ...this.#view.form, encoding: "UTF-8", mark: false } });
    return this.save();
  }

  /** It was moved within the page; what is kept of it moves along. */
  async rename(path: string): Promise<void> {
    await this.around.drafts.forget(this.projectId, this.path);
    this.path = path;
    await this.flush();
    this.#show({ language: this.buffer.speak(path) });
  }

  /** Its tab is closed: what was not saved is given up. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#draft);
    void this.around.drafts.forget(this.projectId, this.path);
  }

  #describe({ size, type, etag, modified }: Contents): void {
    this.#show({ size, type, etag, modified: isoOf(modified) });
  }

  #turn(turn: Turn): Then {
    const [standing, then] = turned(this.#standing, turn);
    this.#standing = standing;
    const theirs = standing.theirs === null ? null : this.#view.theirs;
    this.#show({ theirs });
    if (then === "look") this.#lookAgain = true;
    return then;
  }

  #show(change: Partial<DocumentView>): void {
    const { dirty } = this.#standing;
    this.#view = { ...this.#view, ...change, dirty, state: stateOf(this.#standing) };
    this.around.told(this);
    for (const listener of this.#listeners) listener();
  }
}

/** HTTP has its own way to write a time; "" stays "". */
function isoOf(time: string): string {
  return time ? new Date(time).toISOString() : "";
}
