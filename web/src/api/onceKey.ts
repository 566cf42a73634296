import { useRef } from "react";
import { idempotencyKey } from "./client";

/** A key for what is filled in: the same text sent again, because an answer was lost, is done once. */
export function useOnceKey(): (filled: string) => ReturnType<typeof idempotencyKey> {
  const known = useRef(new Map<string, ReturnType<typeof idempotencyKey>>());
  return (filled) => {
    const key = known.current.get(filled) ?? idempotencyKey();
    known.current.set(filled, key);
    return key;
  };
}
