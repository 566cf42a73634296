/** The text frames of the terminal socket and its close codes. Binary frames are raw bytes both ways. */
import type { Problem } from "@/api/types";

export type Right = "input" | "watch";
export type Viewer = { id?: string; name?: string; right?: Right };

export type FromServer =
  | {
      type: "hello";
      epoch: string | number;
      /** Where what follows begins. */
      offset: number;
      /** Where what was stored ends and what is new begins. */
      live?: number;
      right: Right;
      cols: number;
      rows: number;
    }
  | { type: "epoch"; epoch: string | number; offset: number; live?: number }
  | { type: "presence"; viewers: Viewer[] }
  | { type: "resize"; cols: number; rows: number }
  | { type: "pong"; t: number }
  | { type: "exit"; code: number | null }
  | { type: "problem"; problem: Problem };

export type FromClient =
  | { type: "ack"; offset: number }
  | { type: "resize"; cols: number; rows: number }
  | { type: "ping"; t: number };

export const SIGNED_OUT = 4001;
export const NO_RIGHT = 4003;
export const GONE = 4004;
export const TOO_SLOW = 4008;
export const RESTARTING = 1012;

/** One frame of input is at most this many bytes; a paste is cut into several. */
export const INPUT_FRAME = 32 * 1024;

export function frames(
  bytes: Uint8Array<ArrayBuffer>,
  size: number = INPUT_FRAME,
): Uint8Array<ArrayBuffer>[] {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}

/** A text frame, or null for one this version does not know. */
export function parse(text: string): FromServer | null {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null && "type" in frame ? (frame as FromServer) : null;
  } catch {
    return null;
  }
}
