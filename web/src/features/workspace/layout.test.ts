import { describe, expect, test } from "vitest";
import {
  DEFAULT,
  fitted,
  type Layout,
  readLayout,
  revealEditor,
  shownIn,
  toggleSide,
  widthLimits,
} from "./layout";

const layout = (more: Partial<Layout> = {}): Layout => ({ ...DEFAULT, ...more });

describe("what stands", () => {
  test("without an open file the terminal has the whole middle, whatever was chosen", () => {
    const shown = shownIn(layout({ middle: "editor" }), { narrow: false, open: false });
    expect(shown).toMatchObject({ editor: false, terminal: true });
  });

  test("with one they share it, unless one of them has it all", () => {
    expect(shownIn(layout(), { narrow: false, open: true })).toMatchObject({ editor: true, terminal: true });
    const full = shownIn(layout({ middle: "editor" }), { narrow: false, open: true });
    expect(full).toMatchObject({ editor: true, terminal: false });
  });

  test("a narrow screen shows one panel", () => {
    const shown = shownIn(layout({ single: "ports", side: "changes" }), { narrow: true, open: true });
    expect(shown).toEqual({ files: false, editor: false, terminal: false, side: "ports" });
  });

  test("an asked for file brings the editor back, and nothing changes if it is there", () => {
    expect(revealEditor(layout({ middle: "terminal" }))).toMatchObject({ middle: "both", single: "editor" });
    const there = layout({ single: "editor" });
    expect(revealEditor(there)).toBe(there);
  });

  test("the button of the side panel that stands takes it away, the other one replaces it", () => {
    expect(toggleSide(layout({ side: "ports" }), "ports").side).toBeNull();
    expect(toggleSide(layout({ side: "ports" }), "changes").side).toBe("changes");
  });
});

describe("sizes", () => {
  test("a smaller window takes from the side panel before the files", () => {
    const wide = layout({ side: "ports", filesWidth: 260, sideWidth: 600 });
    expect(fitted(wide, 1280)).toMatchObject({ filesWidth: 260, sideWidth: 600 });
    expect(fitted(wide, 1000)).toMatchObject({ filesWidth: 260, sideWidth: 420 });
    expect(fitted(wide, 820)).toMatchObject({ filesWidth: 220, sideWidth: 280 });
  });

  test("a panel may grow as far as the middle can spare", () => {
    expect(widthLimits("files", layout({ side: "ports", sideWidth: 400 }), 1000)).toEqual({
      least: 208,
      most: 280,
    });
    expect(widthLimits("side", layout({ files: false }), 1000)).toEqual({ least: 280, most: 680 });
  });
});

describe("what is remembered", () => {
  test("comes back as it was", () => {
    const kept = layout({ files: false, side: "ports", filesWidth: 300, editorShare: 0.4 });
    expect(readLayout(JSON.stringify(kept))).toEqual(kept);
  });

  test.each([null, "", "nonsense", "[]", '"x"', '{"side":"left","filesWidth":"wide","editorShare":null}'])(
    "%j is read as nothing",
    (text) => expect(readLayout(text)).toEqual(DEFAULT),
  );

  test("a size beyond its limits is brought within them", () => {
    expect(readLayout('{"filesWidth": 9000, "editorShare": 0}')).toMatchObject({
      filesWidth: 560,
      editorShare: 0.12,
    });
  });
});
