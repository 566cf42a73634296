/** Bytes of a file as text and back, so that what is not edited comes back as it was. Pure. */

export type Encoding = "UTF-8" | "UTF-16 LE" | "UTF-16 BE" | "ISO-8859-1";
/** "mixed" text keeps its carriage returns as characters, each where it was. */
export type Ends = "LF" | "CRLF" | "CR" | "mixed";

export interface Form {
  encoding: Encoding;
  /** A byte order mark stands in front. */
  mark: boolean;
  ends: Ends;
}

export const NEW_FORM: Form = { encoding: "UTF-8", mark: false, ends: "LF" };

const SEPARATORS: Record<Ends, string> = { LF: "\n", CRLF: "\r\n", CR: "\r", mixed: "\n" };
// As much as git looks at.
const LOOKED_AT = 8_000;

/** The text with its lines parted by "\n", and what it was written as; null when the bytes are no text. */
export function fromBytes(bytes: Uint8Array): { text: string; form: Form } | null {
  const { encoding, mark } = encodingOf(bytes);
  if (!encoding) return null;
  const raw = decoded(mark ? bytes.subarray(encoding === "UTF-8" ? 3 : 2) : bytes, encoding);
  const ends = endsOf(raw);
  const text = ends === "mixed" ? raw : raw.replaceAll(SEPARATORS[ends], "\n");
  return { text, form: { encoding, mark, ends } };
}

function encodingOf(bytes: Uint8Array): { encoding: Encoding | null; mark: boolean } {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "UTF-16 LE", mark: true };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: "UTF-16 BE", mark: true };
  if (looksBinary(bytes)) return { encoding: null, mark: false };
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return { encoding: isUtf8(bytes) ? "UTF-8" : "ISO-8859-1", mark };
}

/** A zero byte, or control characters that no text has in such number. */
export function looksBinary(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, LOOKED_AT);
  if (head.includes(0)) return true;
  const odd = head.filter((byte) => byte < 7 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32));
  return odd.length > head.length / 100;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function decoded(bytes: Uint8Array, encoding: Encoding): string {
  // The label "iso-8859-1" would be read as Windows-1252, which does not give every byte back.
  if (encoding === "ISO-8859-1") return latin(bytes);
  const label = { "UTF-8": "utf-8", "UTF-16 LE": "utf-16le", "UTF-16 BE": "utf-16be" }[encoding];
  return new TextDecoder(label, { ignoreBOM: true }).decode(bytes);
}

function latin(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return parts.join("");
}

function endsOf(raw: string): Ends {
  const kinds = new Set(raw.match(/\r\n|\r|\n/g));
  if (kinds.size > 1) return "mixed";
  if (kinds.has("\r\n")) return "CRLF";
  return kinds.has("\r") ? "CR" : "LF";
}

/** The bytes to write; null when the encoding has no place for a character of the text. */
export function toBytes(text: string, form: Form): Uint8Array<ArrayBuffer> | null {
  const raw = SEPARATORS[form.ends] === "\n" ? text : text.replaceAll("\n", SEPARATORS[form.ends]);
  if (form.encoding === "ISO-8859-1") return latinBytes(raw);
  const marked = form.mark ? `\ufeff${raw}` : raw;
  if (form.encoding === "UTF-8") return new TextEncoder().encode(marked);
  return wideBytes(marked, form.encoding === "UTF-16 LE");
}

function latinBytes(raw: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code > 255) return null;
    bytes[at] = code;
  }
  return bytes;
}

function wideBytes(raw: string, little: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(raw.length * 2));
  for (let at = 0; at < raw.length; at++) view.setUint16(at * 2, raw.charCodeAt(at), little);
  return new Uint8Array(view.buffer);
}
