import { describe, expect, test } from "vitest";
import { type Form, fromBytes, NEW_FORM, toBytes } from "./text";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Reads, and writes what was read. */
function roundTrip(bytes: Uint8Array): Uint8Array | null {
  const read = fromBytes(bytes);
  return read && toBytes(read.text, read.form);
}

describe("what is not edited comes back byte by byte", () => {
  test.each([
    ["plain lines", utf8("a\nb\n")],
    ["no last line end", utf8("a\nb")],
    ["nothing", utf8("")],
    ["Windows' line ends", utf8("a\r\nb\r\n")],
    ["Windows' line ends, the last missing", utf8("a\r\nb")],
    ["old Macs' line ends", utf8("a\rb\r")],
    ["line ends of all kinds", utf8("a\r\nb\nc\rd\r\n\r\r\n")],
    ["a byte order mark", new Uint8Array([0xef, 0xbb, 0xbf, ...utf8("a\r\n")])],
    [
      "UTF-16, little end first",
      new Uint8Array([0xff, 0xfe, 0x61, 0, 0x0d, 0, 0x0a, 0, 0x3d, 0xd8, 0x00, 0xde]),
    ],
    ["UTF-16, big end first", new Uint8Array([0xfe, 0xff, 0, 0x61, 0, 0x0a])],
    ["Latin-1", new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x0a, 0x80, 0x9f, 0xff])],
    ["emoji and rare scripts", utf8("😀 ẞ 漢字\u2028x\n")],
  ])("%s", (_name, bytes) => expect(roundTrip(bytes)).toEqual(bytes));
});

test("the editor is given plain line ends, and told which there were", () => {
  expect(fromBytes(utf8("a\r\nb\r\n"))).toEqual({ text: "a\nb\n", form: { ...NEW_FORM, ends: "CRLF" } });
  expect(fromBytes(utf8("a\nb"))?.form.ends).toBe("LF");
});

test("mixed line ends are left where they are", () => {
  expect(fromBytes(utf8("a\r\nb\n"))).toEqual({ text: "a\r\nb\n", form: { ...NEW_FORM, ends: "mixed" } });
});

test("a line added to a file takes the line ends of that file", () => {
  const read = fromBytes(utf8("a\r\nb\r\n"));
  expect(toBytes(`${read?.text}c\n`, read?.form as Form)).toEqual(utf8("a\r\nb\r\nc\r\n"));
});

test("bytes with a zero among them, or many that no text has, are no text", () => {
  expect(fromBytes(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]))).toBeNull();
  expect(fromBytes(new Uint8Array(200).fill(1))).toBeNull();
});

test("an encoding does not swallow what it has no place for", () => {
  const latin: Form = { encoding: "ISO-8859-1", mark: false, ends: "LF" };
  expect(toBytes("café", latin)).toEqual(new Uint8Array([0x63, 0x61, 0x66, 0xe9]));
  expect(toBytes("5 €", latin)).toBeNull();
});
