/** Which panels of a project's page stand, and how large they are. Pure; sizes in px, shares from 0 to 1. */

export type Side = "runs" | "changes" | "ports";

export const SIDES: readonly Side[] = ["runs", "changes", "ports"];

/** The one panel that a narrow screen shows. */
export type Single = "terminal" | "files" | "editor" | Side;

/** What the middle shows: the editor over the terminal, or one of them with all of the room. */
export type Middle = "both" | "editor" | "terminal";

export interface Layout {
  files: boolean;
  side: Side | null;
  middle: Middle;
  single: Single;
  filesWidth: number;
  sideWidth: number;
  /** The editor's part of the middle's height. */
  editorShare: number;
}

export const DEFAULT: Layout = {
  files: true,
  side: null,
  middle: "both",
  single: "terminal",
  filesWidth: 264,
  sideWidth: 400,
  editorShare: 0.6,
};

export const LIMITS = {
  files: { least: 208, most: 560 },
  side: { least: 280, most: 900 },
  share: { least: 0.12, most: 0.88 },
};

/** The middle never becomes narrower than this while a side can give way. */
export const MIDDLE_LEAST = 320;

export interface Shown {
  files: boolean;
  editor: boolean;
  terminal: boolean;
  side: Side | null;
}

/** What stands, given the room and whether a file is open: an editor without files is no use. */
export function shownIn(layout: Layout, { narrow, open }: { narrow: boolean; open: boolean }): Shown {
  if (narrow) {
    const { single } = layout;
    const side = SIDES.find((one) => one === single) ?? null;
    return { files: single === "files", editor: single === "editor", terminal: single === "terminal", side };
  }
  const editor = open && layout.middle !== "terminal";
  return { files: layout.files, editor, terminal: !open || layout.middle !== "editor", side: layout.side };
}

/** A size within its limits. */
export function clamp(value: number, { least, most }: { least: number; most: number }): number {
  return Math.min(Math.max(value, least), Math.max(least, most));
}

/** The limits of one side panel in a room so wide, the other one standing as it does. */
export function widthLimits(
  which: "files" | "side",
  layout: Layout,
  room: number,
): { least: number; most: number } {
  const { least, most } = LIMITS[which];
  const other =
    which === "files" ? (layout.side ? layout.sideWidth : 0) : layout.files ? layout.filesWidth : 0;
  return { least, most: Math.max(least, Math.min(most, room - other - MIDDLE_LEAST)) };
}

/** The widths that fit: a smaller window takes from the side panel first, then from the files. */
export function fitted(layout: Layout, room: number): Layout {
  const files = layout.files ? layout.filesWidth : 0;
  const sideRoom = room - files - MIDDLE_LEAST;
  const sideWidth = clamp(layout.sideWidth, { least: LIMITS.side.least, most: sideRoom });
  const filesRoom = room - (layout.side ? sideWidth : 0) - MIDDLE_LEAST;
  const filesWidth = clamp(layout.filesWidth, { least: LIMITS.files.least, most: filesRoom });
  return { ...layout, sideWidth, filesWidth };
}

/** A file was asked for: the editor must be seen. */
export function revealEditor(layout: Layout): Layout {
  const middle = layout.middle === "terminal" ? "both" : layout.middle;
  return layout.single === "editor" && middle === layout.middle
    ? layout
    : { ...layout, middle, single: "editor" };
}

/** Shows the side panel, or takes it away if it is what stands. */
export function toggleSide(layout: Layout, side: Side): Layout {
  return { ...layout, side: layout.side === side ? null : side };
}

/** What was stored, with everything that is missing or nonsense as it is by default. */
export function readLayout(text: string | null): Layout {
  const kept = parsed(text);
  const number = (name: "filesWidth" | "sideWidth" | "editorShare"): number => {
    const value = kept[name];
    return typeof value === "number" && Number.isFinite(value) ? value : DEFAULT[name];
  };
  const one = <T extends string | null>(value: unknown, of: readonly T[], otherwise: T): T =>
    of.includes(value as T) ? (value as T) : otherwise;
  return {
    files: typeof kept.files === "boolean" ? kept.files : DEFAULT.files,
    side: one(kept.side, [...SIDES, null], DEFAULT.side),
    middle: one(kept.middle, ["both", "editor", "terminal"], DEFAULT.middle),
    single: one(kept.single, ["terminal", "files", "editor", ...SIDES], DEFAULT.single),
    filesWidth: clamp(number("filesWidth"), LIMITS.files),
    sideWidth: clamp(number("sideWidth"), LIMITS.side),
    editorShare: clamp(number("editorShare"), LIMITS.share),
  };
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
