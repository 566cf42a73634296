/** The colours of xterm, from the same table of tokens as the rest of the page. */
import type { ITheme } from "@xterm/xterm";

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** Resolves tokens by way of an element, because a raw token is still a `light-dark()` of two values. */
export function terminalTheme(): ITheme {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const value = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return opaque(getComputedStyle(probe).color);
  };
  const theme: Record<string, string> = {
    background: value("term-background"),
    foreground: value("term-foreground"),
    cursor: value("accent"),
    cursorAccent: value("term-background"),
    selectionBackground: value("term-selection"),
    scrollbarSliderBackground: value("line"),
    scrollbarSliderHoverBackground: value("edge"),
    scrollbarSliderActiveBackground: value("edge"),
  };
  for (const name of NAMES) {
    theme[name] = value(`term-${name}`);
    theme[`bright${name[0]?.toUpperCase()}${name.slice(1)}`] = value(`term-bright-${name}`);
  }
  probe.remove();
  return theme;
}

/** xterm reads hexadecimal colours only, so let a canvas translate. */
function opaque(color: string): string {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return "#808080";
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
  return `#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
