import type { Terminal } from "@/api/types";
import { recordingUrl } from "@/queries/terminals";
import { copyText } from "@/ui/Copy";
import { MenuButton } from "@/ui/MenuButton";
import type { TerminalScreen } from "./screen";
import { setTerminalSettings, useTerminalSettings } from "./settings";

interface MenuProps {
  terminal: Terminal;
  screen: TerminalScreen | null;
  find: () => void;
  rename: () => void;
  close: () => void;
}

export function TerminalMenu({ terminal, screen, find, rename, close }: MenuProps) {
  const { screenReader, fontSize } = useTerminalSettings();
  return (
    <MenuButton
      label="Terminal menu"
      entries={[
        { icon: "search", text: "Find", hint: "Ctrl+Shift+F", run: find },
        { icon: "copy", text: "Copy everything", run: () => void copyText(screen?.text() ?? "") },
        { icon: "pen", text: "Rename terminal", hint: "F2", run: rename },
        terminal.recorded && {
          icon: "download",
          text: "Export recording",
          run: () => location.assign(recordingUrl(terminal.id)),
        },
        "line",
        {
          text: "Text size",
          words: FONT_SIZES,
          value: String(fontSize),
          choose: (size) => setTerminalSettings({ fontSize: Number(size) }),
        },
        {
          text: "Screen reader mode",
          on: screenReader,
          set: (on) => setTerminalSettings({ screenReader: on }),
        },
        "line",
        { icon: "close", text: "Close terminal", hint: "Del", danger: true, run: close },
      ]}
    />
  );
}

const FONT_SIZES = { 12: "Small", 13: "Normal", 16: "Large" };
