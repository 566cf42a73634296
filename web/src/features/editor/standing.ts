/** Where a text in the editor stands against its file in the machine. Pure; versions are etags. */

export interface Standing {
  /** The version the text descends from; null where the machine has none. */
  base: string | null;
  dirty: boolean;
  saving: boolean;
  /** A version that came while there was something to lose here; it is not in the text. */
  theirs: string | null;
  /** The file was there and is not any more. */
  gone: boolean;
}

export type State = "clean" | "dirty" | "saving" | "changed" | "gone";

export type Turn =
  | { type: "edited"; dirty: boolean }
  | { type: "saving" }
  /** `dirty`: it was typed on while the answer was awaited. */
  | { type: "saved"; etag: string; dirty: boolean }
  /** The machine's version is not the one the save was for; null: there is no file. */
  | { type: "refused"; etag: string | null }
  | { type: "failed" }
  /** What the machine has now. `same`: its text is the one in the editor. */
  | { type: "seen"; etag: string | null; same: boolean }
  /** The machine's version has become the text. */
  | { type: "taken"; etag: string };

/** What there is to do after a turn. */
export type Then = "nothing" | "reload" | "merge" | "look";

export const FRESH: Standing = { base: null, dirty: false, saving: false, theirs: null, gone: false };

export function stateOf(standing: Standing): State {
  if (standing.theirs !== null) return "changed";
  if (standing.gone) return "gone";
  if (standing.saving) return "saving";
  return standing.dirty ? "dirty" : "clean";
}

/** The header under which a save overwrites nothing that was not seen here. */
export function condition(standing: Standing): { ifMatch: string } | { ifNoneMatch: "*" } {
  const version = standing.theirs ?? (standing.gone ? null : standing.base);
  return version === null ? { ifNoneMatch: "*" } : { ifMatch: version };
}

export function turned(standing: Standing, turn: Turn): [Standing, Then] {
  switch (turn.type) {
    case "edited":
      return [{ ...standing, dirty: turn.dirty }, "nothing"];
    case "saving":
      return [{ ...standing, saving: true }, "nothing"];
    case "failed":
      return [{ ...standing, saving: false }, "nothing"];
    case "saved":
      return [{ ...FRESH, base: turn.etag, dirty: turn.dirty }, "nothing"];
    case "taken":
      return [{ ...FRESH, base: turn.etag }, "nothing"];
    case "refused":
      return refused({ ...standing, saving: false }, turn.etag);
    case "seen":
      return seen(standing, turn.etag, turn.same);
  }
}

/** A save is refused because of the version it was for, whether the text was dirty or a file was to be made anew. */
function refused(standing: Standing, etag: string | null): [Standing, Then] {
  if (etag === null) return [{ ...standing, theirs: null, gone: true }, "nothing"];
  return [{ ...standing, theirs: etag, gone: false }, "merge"];
}

function seen(standing: Standing, etag: string | null, same: boolean): [Standing, Then] {
  // The answer to the save will say more; what is seen before it may be our own half.
  if (standing.saving) return [standing, "look"];
  if (etag === null) return [{ ...standing, theirs: null, gone: true }, "nothing"];
  if (same) return [{ ...FRESH, base: etag }, "nothing"];
  if (etag === standing.base) return [{ ...standing, theirs: null, gone: false }, "nothing"];
  if (etag === standing.theirs) return [standing, "nothing"];
  if (standing.dirty) return [{ ...standing, theirs: etag, gone: false }, "merge"];
  return [{ ...FRESH, base: etag }, "reload"];
}
