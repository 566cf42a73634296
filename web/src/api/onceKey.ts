import { useState } from "react";
import { idempotencyKey } from "./client";
import { asApiError } from "./problem";

type Key = ReturnType<typeof idempotencyKey>;

/** A key for what is sent: the same again, because its answer was lost, is done once. */
export class OnceKeys {
  readonly #known = new Map<string, Key>();

  readonly of = (filled: string): Key => {
    const key = this.#known.get(filled) ?? idempotencyKey();
    this.#known.set(filled, key);
    return key;
  };

  /** It has been answered, so that the same again is meant to be done again. */
  readonly done = (filled: string): void => void this.#known.delete(filled);

  /** A refusal is an answer too; silence and faults of the server leave open whether it was done. */
  readonly failed = (filled: string, error: unknown): void => {
    const { status } = asApiError(error);
    if (status >= 400 && status < 500) this.done(filled);
  };
}

export function useOnceKeys(): OnceKeys {
  return useState(() => new OnceKeys())[0];
}
