/** What is typed while there is no connection: kept a while, then given up and counted. */

export const PENDING_LIMIT = 64 * 1024;
export const PENDING_MS = 10_000;

export class PendingInput {
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Bytes waiting for the connection. */
  size = 0;
  /** Bytes that were given up since `take` was last called with none lost. */
  lost = 0;

  constructor(private readonly changed: () => void) {}

  /** Keeps the bytes whole or not at all: half a command is worse than none. */
  add(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.size + bytes.length > PENDING_LIMIT) {
      this.lost += bytes.length;
    } else {
      this.#parts.push(bytes);
      this.size += bytes.length;
      this.#timer ??= setTimeout(() => this.drop(), PENDING_MS);
    }
    this.changed();
  }

  /** Everything that waits, in order; nothing waits afterwards. */
  take(): Uint8Array<ArrayBuffer>[] {
    const parts = this.#parts;
    this.#clear();
    return parts;
  }

  drop(): void {
    this.lost += this.size;
    this.#clear();
    this.changed();
  }

  forgetLost(): void {
    this.lost = 0;
    this.changed();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#parts = [];
    this.size = 0;
  }
}
