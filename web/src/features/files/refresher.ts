/**
 * Asks anew for what changed, one request for each name at a time: what changes while one is under way is asked for once
 * more afterwards, however often it changed. An agent that writes a thousand files costs a few requests a second.
 */
const PAUSE_MS = 250;

export class Refresher {
  readonly #busy = new Map<string, boolean>();

  constructor(
    private readonly ask: (name: string) => Promise<unknown>,
    private readonly pauseMs: number = PAUSE_MS,
  ) {}

  touch(name: string): void {
    if (this.#busy.has(name)) this.#busy.set(name, true);
    else void this.#run(name);
  }

  async #run(name: string): Promise<void> {
    this.#busy.set(name, false);
    await this.ask(name).catch(() => {});
    // Lets a burst pass before the next question.
    await new Promise((done) => setTimeout(done, this.pauseMs));
    const again = this.#busy.get(name);
    this.#busy.delete(name);
    if (again) this.touch(name);
  }
}
