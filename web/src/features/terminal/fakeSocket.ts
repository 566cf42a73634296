/** A WebSocket that goes nowhere: tests play the server. */
import type { FromClient, FromServer } from "./protocol";

export class FakeSocket {
  static made: FakeSocket[] = [];

  binaryType = "blob";
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((closed: { code: number }) => void) | null = null;
  isClosed = false;
  readonly sent: (Uint8Array | FromClient)[] = [];

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  /** The latest one opened. */
  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  send(data: string | Uint8Array): void {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The server says a text frame. */
  says(frame: FromServer): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server writes output. */
  writes(text: string | number): void {
    const bytes = typeof text === "number" ? new Uint8Array(text) : new TextEncoder().encode(text);
    this.onmessage?.({ data: bytes.buffer });
  }

  drops(code = 1006): void {
    this.onclose?.({ code });
  }

  /** Text frames of one type that the client sent. */
  told<Type extends FromClient["type"]>(type: Type): Extract<FromClient, { type: Type }>[] {
    return this.sent.filter(
      (frame): frame is Extract<FromClient, { type: Type }> =>
        !(frame instanceof Uint8Array) && frame.type === type,
    );
  }

  /** What was typed, as text. */
  get typed(): string {
    const parts = this.sent.filter((frame) => frame instanceof Uint8Array);
    return parts.map((part) => new TextDecoder().decode(part)).join("");
  }
}
