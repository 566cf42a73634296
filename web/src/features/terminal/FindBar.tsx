import { SearchAddon } from "@xterm/addon-search";
import { useEffect, useRef, useState } from "react";
import { IconButton } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import type { TerminalScreen } from "./screen";

/** Search in the screen and its scrollback. It comes with the search itself, when it is first asked for. */
export default function FindBar({ screen, close }: { screen: TerminalScreen; close: () => void }) {
  const [text, setText] = useState("");
  const [missing, setMissing] = useState(false);
  const search = useRef<SearchAddon | null>(null);
  useEffect(() => {
    const addon = new SearchAddon();
    screen.load(addon);
    search.current = addon;
    return () => addon.dispose();
  }, [screen]);
  const find = (back: boolean): void => {
    const found = back ? search.current?.findPrevious(text) : search.current?.findNext(text);
    setMissing(text !== "" && !found);
  };
  const press = (event: React.KeyboardEvent): void => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter") find(!event.shiftKey);
    else return;
    event.preventDefault();
  };
  return (
    <search className="absolute right-4 top-2 z-10 flex items-center gap-1 rounded-md border border-edge bg-surface p-1 shadow-[0_8px_24px_var(--shadow)]">
      <input
        // biome-ignore lint/a11y/noAutofocus: the bar is opened to type into it.
        autoFocus
        aria-label="Find in terminal"
        placeholder="Find"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setMissing(false);
        }}
        onKeyDown={press}
        className="h-7 w-48 bg-transparent px-2 outline-none touch:text-16"
      />
      <span role="status" className="text-12 text-muted">
        {missing ? "not found" : ""}
      </span>
      <IconButton label="Previous match" onClick={() => find(true)}>
        <Icon name="up" />
      </IconButton>
      <IconButton label="Next match" onClick={() => find(false)}>
        <Icon name="down" />
      </IconButton>
      <IconButton label="Close find" onClick={close}>
        <Icon name="close" />
      </IconButton>
    </search>
  );
}
