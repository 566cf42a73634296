/** A window into the terminal for browser tests: a drawn canvas cannot be read. */
import type { TerminalScreen } from "./screen";

declare global {
  interface Window {
    __aether?: { terminalText(): string };
  }
}

/** Shows this screen's text as `window.__aether.terminalText()`; the answer takes it back. */
export function expose(screen: TerminalScreen): () => void {
  const hook = { terminalText: () => screen.text() };
  window.__aether = hook;
  return () => {
    if (window.__aether === hook) delete window.__aether;
  };
}
