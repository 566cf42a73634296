import type { Terminal } from "@/api/types";
import { recordingUrl } from "@/queries/terminals";
import { buttonLook } from "@/ui/Button";
import { copyText } from "@/ui/Copy";
import { Icon } from "@/ui/Icon";
import { Menu, MenuItem, MenuLine, MenuSwitch } from "@/ui/Menu";
import type { TerminalScreen } from "./screen";
import { setTerminalSettings, useTerminalSettings } from "./settings";

interface MenuProps {
  terminal: Terminal;
  screen: TerminalScreen | null;
  rename: () => void;
  close: () => void;
}

export function TerminalMenu({ terminal, screen, rename, close }: MenuProps) {
  const { screenReader } = useTerminalSettings();
  return (
    <Menu
      label="Terminal menu"
      face={<Icon name="more" />}
      look={`${buttonLook("quiet", "small")} w-7 px-0 touch:w-10`}
    >
      <MenuItem icon="pen" hint="F2" onClick={rename}>
        Rename terminal
      </MenuItem>
      <MenuItem icon="copy" onClick={() => void copyText(screen?.text() ?? "")}>
        Copy everything
      </MenuItem>
      {terminal.recorded && (
        <MenuItem icon="download" onClick={() => location.assign(recordingUrl(terminal.id))}>
          Export recording
        </MenuItem>
      )}
      <MenuSwitch on={screenReader} set={(on) => setTerminalSettings({ screenReader: on })}>
        Screen reader mode
      </MenuSwitch>
      <MenuLine />
      <MenuItem icon="close" hint="Del" danger onClick={close}>
        Close terminal
      </MenuItem>
    </Menu>
  );
}
