import "asciinema-player/dist/bundle/asciinema-player.css";
import "./player.css";
import * as asciinema from "asciinema-player";
import { useEffect, useRef } from "react";
import { terminalTheme } from "./theme";

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** The player draws on a canvas and understands hexadecimal colours only. */
function paint(element: HTMLElement): void {
  const theme = terminalTheme();
  const set = (name: string, value: string | undefined): void =>
    element.style.setProperty(`--cast-${name}`, value ?? "");
  set("foreground", theme.foreground);
  set("background", theme.background);
  for (const [at, colour] of COLOURS.entries()) {
    set(String(at), theme[colour]);
    set(String(at + 8), theme[`bright${capital(colour)}`]);
  }
}

function capital<Word extends string>(word: Word): Capitalize<Word> {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}` as Capitalize<Word>;
}

/** Plays an asciicast in the colours of the terminal. */
export default function Player({ cast }: { cast: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    paint(place.current);
    const player = asciinema.create({ data: cast }, place.current, {
      fit: "both",
      idleTimeLimit: 2,
      terminalFontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
      theme: "aether",
      controls: true,
      preload: true,
      poster: "npt:0:1",
    });
    return () => player.dispose();
  }, [cast]);
  return <div ref={place} data-testid="replay" className="min-h-0 flex-1 p-2 sm:p-6" />;
}
