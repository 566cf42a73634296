import "asciinema-player/dist/bundle/asciinema-player.css";
import "./player.css";
import * as asciinema from "asciinema-player";
import { useEffect, useRef } from "react";

/** Plays an asciicast in the colours of the terminal. */
export default function Player({ cast }: { cast: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
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
