import { Menu as Base } from "@base-ui/react/menu";
import { MenuPopup } from "./Menu";
import type { MenuButtonProps } from "./MenuButton";

interface MenuAtProps extends Pick<MenuButtonProps, "label" | "head" | "entries"> {
  /** In px from the corner of the window. */
  at: { x: number; y: number };
  close: () => void;
}

/** A menu where the pointer is, or where a key asked for it. It is there while it is rendered. */
export default function MenuAt({ label, head, entries, at, close }: MenuAtProps) {
  const anchor = { getBoundingClientRect: () => new DOMRect(at.x, at.y, 0, 0) };
  return (
    <Base.Root open modal={false} onOpenChange={(open) => !open && close()}>
      <Base.Portal>
        <Base.Positioner anchor={anchor} align="start" sideOffset={2} className="z-50 outline-none">
          <MenuPopup label={label} head={head} entries={entries} />
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
