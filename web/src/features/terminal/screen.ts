/** xterm with its addons, joined to one connection. Owns both and disposes of both. */
import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { type ITerminalAddon, Terminal } from "@xterm/xterm";
import { type ConnectionOptions, TerminalConnection } from "./connection";
import {
  isCopyChord,
  isFindChord,
  isLeaveChord,
  type KeyName,
  keySequence,
  type Sticky,
  withSticky,
} from "./keys";
import { isReply } from "./replies";
import { terminalTheme } from "./theme";

const FONT = '"JetBrains Mono Variable"';
const REPLAY_QUIET_MS = 150;

export interface ScreenEvents {
  onTitle(title: string): void;
  onBell(): void;
  onLeave(): void;
  onFind(): void;
  onSticky(sticky: Sticky): void;
}

export interface ScreenOptions extends Omit<ConnectionOptions, "sink"> {
  events: ScreenEvents;
  fontSize: number;
  screenReader: boolean;
}

export class TerminalScreen {
  readonly connection: TerminalConnection;
  readonly #xterm: Terminal;
  readonly #fitter = new FitAddon();
  readonly #encoder = new TextEncoder();
  #webgl: WebglAddon | null = null;
  #observer: ResizeObserver | null = null;
  #sticky: Sticky = { ctrl: false, alt: false };
  #replaying = false;
  #stored: number | undefined;
  #shown = false;
  #gone = false;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ScreenOptions) {
    this.#xterm = new Terminal({
      allowProposedApi: true,
      cursorBlink: false,
      fontFamily: `${FONT}, ui-monospace, monospace`,
      fontSize: options.fontSize,
      lineHeight: 1.2,
      minimumContrastRatio: 4.5,
      scrollback: 10_000,
      screenReaderMode: options.screenReader,
      theme: terminalTheme(),
      macOptionIsMeta: true,
      linkHandler: { activate: (_event, text) => openLink(text) },
    });
    this.connection = new TerminalConnection({ ...options, sink: this.#sink() });
    this.#addons();
    this.#wire();
  }

  /** Draws into the element once the font is there, because cells are measured with it; then connects. */
  async mount(element: HTMLElement): Promise<void> {
    await document.fonts.load(`${this.options.fontSize}px ${FONT}`).catch(() => []);
    if (this.#gone || !element.isConnected) return;
    this.#xterm.open(element);
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(element);
    this.connection.open();
    if (this.#shown) this.show();
  }

  /** Browsers give a page few WebGL contexts, so only the shown screen holds one. */
  show(): void {
    this.#shown = true;
    if (!this.#xterm.element) return;
    if (!this.#webgl) this.#startWebgl();
    this.fit();
    // On a phone the focus would raise the keyboard over half of the screen; there a tap asks for it.
    // A tab that has the focus keeps it: arrows walk along the tabs.
    const walking = document.activeElement?.getAttribute("role") === "tab";
    if (!walking && !matchMedia("(pointer: coarse)").matches) this.focus();
  }

  hide(): void {
    this.#shown = false;
    this.#dropWebgl();
  }

  #dropWebgl(): void {
    this.#webgl?.dispose();
    this.#webgl = null;
  }

  /** Asks for the size of the space there is. A hidden element has none. */
  fit(): void {
    const size = this.#fitter.proposeDimensions();
    if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows)) return;
    const cols = Math.min(1000, Math.max(2, size.cols));
    const rows = Math.min(500, Math.max(2, size.rows));
    if (this.connection.view().right === "watch") return;
    this.#xterm.resize(cols, rows);
    this.connection.resize(cols, rows);
  }

  focus(): void {
    this.#xterm.focus();
  }

  blur(): void {
    this.#xterm.blur();
  }

  /** As if pasted by the browser: bracketed when the program wants it. */
  paste(text: string): void {
    this.#xterm.paste(text);
  }

  press(key: KeyName): void {
    this.#type(keySequence(key, this.#xterm.modes.applicationCursorKeysMode));
  }

  type(text: string): void {
    this.#type(text);
  }

  setSticky(sticky: Sticky): void {
    this.#sticky = sticky;
    this.options.events.onSticky(sticky);
  }

  setTheme(): void {
    this.#xterm.options.theme = terminalTheme();
  }

  setScreenReader(on: boolean): void {
    this.#xterm.options.screenReaderMode = on;
  }

  setFontSize(size: number): void {
    this.#xterm.options.fontSize = size;
    this.fit();
  }

  /** Opens the search from outside of the terminal's own keys. */
  askFind(): void {
    this.options.events.onFind();
  }

  /** What comes later than the screen does, as its search. */
  load(addon: ITerminalAddon): void {
    this.#xterm.loadAddon(addon);
  }

  endFind(): void {
    this.#xterm.clearSelection();
  }

  selection(): string {
    return this.#xterm.getSelection();
  }

  size(): { cols: number; rows: number } {
    return { cols: this.#xterm.cols, rows: this.#xterm.rows };
  }

  /** Screen and scrollback as text, wrapped lines joined. */
  text(): string {
    const buffer = this.#xterm.buffer.active;
    const lines: string[] = [];
    for (let at = 0; at < buffer.length; at++) {
      const line = buffer.getLine(at);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped && lines.length) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.join("\n").trimEnd();
  }

  dispose(): void {
    this.#gone = true;
    clearTimeout(this.#quiet);
    this.#observer?.disconnect();
    this.connection.dispose();
    this.#xterm.dispose();
  }

  #sink(): ConnectionOptions["sink"] {
    return {
      write: (bytes, done) => {
        this.#xterm.write(bytes, done);
        if (this.#replaying) this.#replayed(bytes.length);
      },
      reset: (stored) => {
        this.#replaying = stored !== 0;
        this.#stored = stored;
        if (stored === undefined) this.#awaitQuiet();
        this.#xterm.reset();
      },
      resize: (cols, rows) => {
        if (cols !== this.#xterm.cols || rows !== this.#xterm.rows) this.#xterm.resize(cols, rows);
      },
    };
  }

  #replayed(bytes: number): void {
    if (this.#stored === undefined) {
      this.#awaitQuiet();
      return;
    }
    this.#stored -= bytes;
    if (this.#stored <= 0) this.#endReplay();
  }

  /** Where nobody says how much is stored: it is over when nothing more came for a moment. */
  #awaitQuiet(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#endReplay(), REPLAY_QUIET_MS);
  }

  /** After xterm has taken all that was written so far. */
  #endReplay(): void {
    this.#xterm.write("", () => {
      this.#replaying = false;
    });
  }

  #addons(): void {
    this.#xterm.loadAddon(this.#fitter);
    this.#xterm.loadAddon(new Unicode11Addon());
    this.#xterm.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
    this.#xterm.unicode.activeVersion = "11";
  }

  #wire(): void {
    const { events } = this.options;
    this.#xterm.onData((data) => this.#typed(data));
    this.#xterm.onBinary((data) =>
      this.connection.input(Uint8Array.from(data, (c) => c.charCodeAt(0) & 255)),
    );
    this.#xterm.onTitleChange((title) => events.onTitle(title));
    this.#xterm.onBell(() => this.#replaying || events.onBell());
    this.#xterm.attachCustomKeyEventHandler((event) => this.#handleKey(event));
  }

  #typed(data: string): void {
    if (this.#replaying && isReply(data)) return;
    this.#type(withSticky(data, this.#sticky));
    if (this.#sticky.ctrl || this.#sticky.alt) this.setSticky({ ctrl: false, alt: false });
  }

  #type(text: string): void {
    this.connection.input(this.#encoder.encode(text));
  }

  /** False keeps the key from xterm. */
  #handleKey(event: KeyboardEvent): boolean {
    if (isLeaveChord(event)) return this.#caught(event, () => this.options.events.onLeave());
    if (isFindChord(event)) return this.#caught(event, () => this.options.events.onFind());
    if (isCopyChord(event))
      return this.#caught(event, () => void navigator.clipboard?.writeText(this.selection()));
    // The palette has Cmd+K on a Mac; Ctrl+K stays the shell's.
    return !(event.metaKey && event.code === "KeyK");
  }

  #caught(event: KeyboardEvent, act: () => void): false {
    event.preventDefault();
    if (event.type === "keydown") act();
    return false;
  }

  #startWebgl(): void {
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => this.#dropWebgl());
      this.#xterm.loadAddon(webgl);
      this.#webgl = webgl;
    } catch {
      // No WebGL here: xterm goes on drawing with the DOM.
      this.#webgl = null;
    }
  }
}

/** Output of a machine is not trusted: only web addresses are opened, without a way back to this page. */
function openLink(address: string): void {
  if (/^https?:\/\//i.test(address)) window.open(address, "_blank", "noopener,noreferrer");
}
