/** Uploads as a page shows them. */

export type UploadState =
  | "waiting"
  | "sending"
  /** The network or the machine is away; it goes on by itself. */
  | "retrying"
  | "paused"
  /** Something stands at its path, and nobody has said yet what to do. */
  | "asking"
  | "done"
  | "skipped"
  | "failed"
  /** The page was loaded anew: it goes on once the same file is chosen again. */
  | "lost";

export interface Upload {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly sent: number;
  readonly state: UploadState;
  readonly folder: boolean;
  /** Sent in pieces, and so it can pause and go on. */
  readonly pieces: boolean;
  /** What went wrong, in a sentence. */
  readonly fault: string;
}

export interface UploadsView {
  readonly items: readonly Upload[];
  /** How many things stand where others should go, for which somebody must decide. */
  readonly asking: number;
  readonly total: number;
  readonly sent: number;
  /** Neither done nor given up. */
  readonly open: number;
  readonly failed: number;
}

export const OPEN = new Set<UploadState>(["waiting", "sending", "retrying", "paused", "asking"]);
const COUNTED = new Set<UploadState>([...OPEN, "done"]);

export const NO_UPLOADS: UploadsView = { items: [], asking: 0, total: 0, sent: 0, open: 0, failed: 0 };

/** A picture of them that does not change when they do. */
export function viewOf(items: readonly Upload[]): UploadsView {
  const counted = items.filter(({ state }) => COUNTED.has(state));
  const sum = (value: (item: Upload) => number): number =>
    counted.reduce((all, item) => all + value(item), 0);
  const count = (state: UploadState): number => items.filter((item) => item.state === state).length;
  return {
    items: items.map(({ id, path, size, sent, state, folder, pieces, fault }) => {
      return { id, path, size, sent, state, folder, pieces, fault };
    }),
    asking: count("asking"),
    total: sum(({ size }) => size),
    sent: sum(({ sent }) => sent),
    open: items.filter(({ state }) => OPEN.has(state)).length,
    failed: count("failed"),
  };
}
