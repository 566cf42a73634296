/** The files of a machine as an open document needs them. */
import { asApiError } from "@/api/problem";
import {
  type Condition,
  type Contents,
  type ReadOptions,
  readFile,
  type Written,
  writeFile,
} from "@/queries/contents";
import type { Encoding } from "./text";

export interface Machine {
  read(path: string, options: ReadOptions): Promise<Contents | "unchanged" | null>;
  /** Fails with ChangedMeanwhile when the condition does not hold. */
  write(path: string, bytes: Uint8Array<ArrayBuffer>, given: Condition): Promise<Written>;
}

export function machineOf(projectId: string): Machine {
  return {
    read: (path, options) => readFile(projectId, path, options),
    write: (path, bytes, given) => writeFile(projectId, path, bytes, given),
  };
}

/** The encoding of a file has no place for a character that was typed. */
export class CannotHold extends Error {
  override name = "CannotHold";

  constructor(readonly encoding: Encoding) {
    super(`This file is written in ${encoding}, which has no place for a character in it.`);
  }
}

/** True for refusals that go away by themselves: nobody answers, or the machine is not there now. */
export function isPassing(refusal: unknown): boolean {
  const { status, problem } = asApiError(refusal);
  if (problem.type.endsWith("not-running")) return true;
  return status === 0 || status === 429 || (status >= 500 && status !== 507);
}
