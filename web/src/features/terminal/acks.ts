/** Tells the server how far the screen has taken the stream, often enough to keep it flowing and no oftener. */

export const ACK_BYTES = 64 * 1024;
export const ACK_MS = 100;

export class Acks {
  #taken = 0;
  #told = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (offset: number) => void) {}

  /** The stream starts anew at this offset. */
  restart(offset: number): void {
    this.stop();
    this.#taken = offset;
    this.#told = offset;
  }

  took(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken - this.#told >= ACK_BYTES) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), ACK_MS);
  }

  /** Says it now; after a reconnect the server starts without our last word. */
  flush(): void {
    this.stop();
    this.#told = this.#taken;
    this.tell(this.#taken);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
