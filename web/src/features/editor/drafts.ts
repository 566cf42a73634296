/** Texts that were typed and not saved, kept in this browser until they are. */
import type { Form } from "./text";

export interface Draft {
  text: string;
  /** The version it descends from; null for a file the machine does not have. */
  base: string | null;
  form: Form;
  /** When it was last typed in. */
  at: string;
}

/** Where drafts lie. Keys are unique to a file of a project. */
export interface Shelf {
  get(key: string): Promise<Draft | undefined>;
  put(key: string, draft: Draft): Promise<void>;
  delete(key: string): Promise<void>;
}

export class Drafts {
  constructor(private readonly shelf: Shelf) {}

  static #key(projectId: string, path: string): string {
    return `${projectId}:${path}`;
  }

  /** Undefined also where the browser keeps nothing. */
  async find(projectId: string, path: string): Promise<Draft | undefined> {
    return this.shelf.get(Drafts.#key(projectId, path)).catch(() => undefined);
  }

  async keep(projectId: string, path: string, draft: Draft): Promise<void> {
    // Without storage the text lasts as long as the page, as in every editor that has none.
    await this.shelf.put(Drafts.#key(projectId, path), draft).catch(() => undefined);
  }

  async forget(projectId: string, path: string): Promise<void> {
    await this.shelf.delete(Drafts.#key(projectId, path)).catch(() => undefined);
  }
}

const STORE = "drafts";
// Whoever has not come back for a text by then has given it up, as has who deleted its project.
const KEPT_MS = 60 * 24 * 3600 * 1000;

/** The browser's own database; opened with the first draft. */
export class BrowserShelf implements Shelf {
  #opened: Promise<IDBDatabase> | null = null;

  async get(key: string): Promise<Draft | undefined> {
    return (await this.#run("readonly", (store) => store.get(key))) as Draft | undefined;
  }

  async put(key: string, draft: Draft): Promise<void> {
    await this.#run("readwrite", (store) => store.put(draft, key));
  }

  async delete(key: string): Promise<void> {
    await this.#run("readwrite", (store) => store.delete(key));
  }

  async #run(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    this.#opened ??= open();
    const database = await this.#opened;
    return settled(ask(database.transaction(STORE, mode).objectStore(STORE)));
  }
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open("aether", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await settled(request);
  dropOld(database.transaction(STORE, "readwrite").objectStore(STORE));
  return database;
}

function dropOld(store: IDBObjectStore): void {
  const oldest = new Date(Date.now() - KEPT_MS).toISOString();
  const request = store.openCursor();
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    if ((cursor.value as Draft).at < oldest) cursor.delete();
    cursor.continue();
  };
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

/** A shelf that lasts as long as the page. */
export class MemoryShelf implements Shelf {
  readonly #drafts = new Map<string, Draft>();

  async get(key: string): Promise<Draft | undefined> {
    return this.#drafts.get(key);
  }

  async put(key: string, draft: Draft): Promise<void> {
    this.#drafts.set(key, draft);
  }

  async delete(key: string): Promise<void> {
    this.#drafts.delete(key);
  }
}

export const drafts = new Drafts(typeof indexedDB === "undefined" ? new MemoryShelf() : new BrowserShelf());
