import { useState } from "react";
import { announce } from "@/ui/announce";
import { classes } from "@/ui/classes";
import type { KeyName, Sticky } from "./keys";
import type { TerminalScreen } from "./screen";

const ARROWS: [KeyName, string][] = [
  ["Left", "←"],
  ["Down", "↓"],
  ["Up", "↑"],
  ["Right", "→"],
];

const SIGNS = ["|", "/", "~", "-"];

const KEY =
  "grid h-10 min-w-10 shrink-0 place-items-center rounded-md border border-line bg-surface px-2 text-13 select-none active:bg-raised aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent";

/** The keys a phone keyboard lacks. Pressing one keeps the focus, and so the phone's keyboard, where it is. */
export function KeyBar({ screen, sticky }: { screen: TerminalScreen; sticky: Sticky }) {
  const [pasting, setPasting] = useState(false);
  const paste = async (): Promise<void> => {
    try {
      screen.paste(await navigator.clipboard.readText());
    } catch {
      announce("The browser does not hand out the clipboard; paste into the field.");
      setPasting(true);
    }
  };
  return (
    <div
      role="toolbar"
      aria-label="Terminal keys"
      onPointerDown={(event) => pasting || event.preventDefault()}
      className="hidden shrink-0 border-t border-line bg-canvas pb-[env(safe-area-inset-bottom)] max-sm:block touch:block"
    >
      {pasting && <PasteField screen={screen} done={() => setPasting(false)} />}
      <div className="flex gap-1 overflow-x-auto p-1.5 [scrollbar-width:none] max-sm:[mask-image:linear-gradient(to_left,transparent,black_2.5rem)] max-sm:pr-10">
        <Key name="Esc" act={() => screen.press("Esc")} />
        <Key name="Tab" act={() => screen.press("Tab")} />
        <Key name="Ctrl" held={sticky.ctrl} act={() => screen.setSticky({ ...sticky, ctrl: !sticky.ctrl })} />
        <Key name="Alt" held={sticky.alt} act={() => screen.setSticky({ ...sticky, alt: !sticky.alt })} />
        {ARROWS.map(([key, face]) => (
          <Key key={key} name={key} face={face} act={() => screen.press(key)} />
        ))}
        <Key name="Paste" act={() => void paste()} />
        {SIGNS.map((sign) => (
          <Key key={sign} name={sign} act={() => screen.type(sign)} />
        ))}
      </div>
    </div>
  );
}

function Key({ name, face, held, act }: { name: string; face?: string; held?: boolean; act: () => void }) {
  return (
    <button type="button" aria-label={name} aria-pressed={held} onClick={act} className={classes(KEY)}>
      {face ?? name}
    </button>
  );
}

/** Stands in where the page may not read the clipboard: plain http, or a refused question. */
function PasteField({ screen, done }: { screen: TerminalScreen; done: () => void }) {
  return (
    <input
      // biome-ignore lint/a11y/noAutofocus: it is opened to paste into it.
      autoFocus
      aria-label="Paste here"
      placeholder="Paste here"
      onPaste={(event) => {
        event.preventDefault();
        screen.paste(event.clipboardData.getData("text/plain"));
        done();
        screen.focus();
      }}
      onBlur={done}
      className="h-10 w-full border-b border-line bg-surface px-3 text-16 outline-none"
    />
  );
}
