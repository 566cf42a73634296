/** Bytes as they are, sixteen a line. Pure. */

export interface HexLine {
  offset: string;
  hex: string;
  text: string;
}

const WIDTH = 16;

export function hexLines(bytes: Uint8Array): HexLine[] {
  const lines: HexLine[] = [];
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const part = bytes.subarray(at, at + WIDTH);
    lines.push({
      offset: at.toString(16).padStart(8, "0"),
      hex: Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" "),
      text: Array.from(part, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return lines;
}
