import { describe, expect, test } from "vitest";
import { condition, FRESH, type Standing, stateOf, type Then, type Turn, turned } from "./standing";

const CLEAN: Standing = { ...FRESH, base: "v1" };
const DIRTY: Standing = { ...CLEAN, dirty: true };

/** Takes the turns one after the other; answers where it stands and what is to be done after the last. */
function taking(standing: Standing, ...turns: Turn[]): [Standing, Then] {
  return turns.reduce<[Standing, Then]>(([now], turn) => turned(now, turn), [standing, "nothing"]);
}

const seen = (etag: string | null, same = false): Turn => ({ type: "seen", etag, same });

describe("when the file changes in the machine", () => {
  test("a clean one is shown anew", () => {
    const [standing, then] = taking(CLEAN, seen("v2"));
    expect(then).toBe("reload");
    expect(standing).toEqual({ ...CLEAN, base: "v2" });
  });

  test("a dirty one is merged, and saved over what was seen alone", () => {
    const [standing, then] = taking(DIRTY, seen("v2"));
    expect(then).toBe("merge");
    expect(stateOf(standing)).toBe("changed");
    expect(condition(standing)).toEqual({ ifMatch: "v2" });
  });

  test("the version that is known already is no news", () => {
    expect(taking(DIRTY, seen("v1"))[1]).toBe("nothing");
    expect(taking(DIRTY, seen("v2"), seen("v2"))[1]).toBe("nothing");
  });

  test("a second change while one merges is met as well", () => {
    const [standing, then] = taking(DIRTY, seen("v2"), seen("v3"));
    expect(then).toBe("merge");
    expect(condition(standing)).toEqual({ ifMatch: "v3" });
  });

  test("a change that is taken back there leaves nothing to merge", () => {
    const [standing] = taking(DIRTY, seen("v2"), seen("v1"));
    expect(stateOf(standing)).toBe("dirty");
    expect(condition(standing)).toEqual({ ifMatch: "v1" });
  });

  test("the very text that was typed here is as good as saved", () => {
    const [standing] = taking(DIRTY, seen("v2", true));
    expect(standing).toEqual({ ...CLEAN, base: "v2" });
  });

  test("it is looked at after a save that is under way, which may be what changed it", () => {
    const [standing, then] = taking(DIRTY, { type: "saving" }, seen("v2"));
    expect(then).toBe("look");
    expect(standing.theirs).toBeNull();
  });
});

describe("when it is saved", () => {
  test("the version that was read is the one that may be written over", () => {
    expect(condition(DIRTY)).toEqual({ ifMatch: "v1" });
    expect(condition({ ...FRESH, dirty: true })).toEqual({ ifNoneMatch: "*" });
  });

  test("what was typed while it was on its way is still to be saved", () => {
    const [standing] = taking(DIRTY, { type: "saving" }, { type: "saved", etag: "v2", dirty: true });
    expect(stateOf(standing)).toBe("dirty");
    expect(standing.base).toBe("v2");
  });

  test("a refusal because of another version leads to the merge", () => {
    const [standing, then] = taking(DIRTY, { type: "saving" }, { type: "refused", etag: "v9" });
    expect(then).toBe("merge");
    expect(stateOf(standing)).toBe("changed");
  });

  test("a merge that is refused again meets the version after", () => {
    const [standing, then] = taking(DIRTY, seen("v2"), { type: "saving" }, { type: "refused", etag: "v3" });
    expect(then).toBe("merge");
    expect(condition(standing)).toEqual({ ifMatch: "v3" });
  });

  test("a merge that is saved ends the matter", () => {
    const [standing] = taking(
      DIRTY,
      seen("v2"),
      { type: "saving" },
      { type: "saved", etag: "v3", dirty: false },
    );
    expect(standing).toEqual({ ...CLEAN, base: "v3" });
  });

  test("a failure leaves it as dirty as it was", () => {
    expect(taking(DIRTY, { type: "saving" }, { type: "failed" })[0]).toEqual(DIRTY);
  });
});

describe("when it is deleted in the machine", () => {
  test("it is made anew only where nothing has come in its place", () => {
    const [standing] = taking(CLEAN, seen(null));
    expect(stateOf(standing)).toBe("gone");
    expect(condition(standing)).toEqual({ ifNoneMatch: "*" });
  });

  test("a save finds that out too", () => {
    expect(stateOf(taking(DIRTY, { type: "saving" }, { type: "refused", etag: null })[0])).toBe("gone");
  });

  test("it is there again when it comes back as it was", () => {
    expect(stateOf(taking(CLEAN, seen(null), seen("v1"))[0])).toBe("clean");
  });

  test("another in its place is merged with what was typed", () => {
    expect(taking(DIRTY, seen(null), seen("v5"))[1]).toBe("merge");
  });
});

test("the machine's version, taken, is what later saves are for", () => {
  const [standing] = taking(DIRTY, seen("v2"), { type: "taken", etag: "v2" });
  expect(standing).toEqual({ ...CLEAN, base: "v2" });
});
