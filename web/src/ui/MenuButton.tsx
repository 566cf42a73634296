import { type ComponentProps, lazy, type ReactNode, Suspense, useState } from "react";
import { buttonLook } from "./Button";
import { classes } from "./classes";
import { Icon, type IconName } from "./Icon";

/** One line of a menu. */
export type MenuEntry =
  | { icon: IconName; text: string; run: () => void; danger?: boolean; hint?: string }
  | { text: string; on: boolean; set: (on: boolean) => void }
  | {
      text: string;
      words: Record<string, string>;
      value: string;
      choose: (value: string) => void;
      /** The choice ends the menu, because it leads on. */
      closes?: boolean;
    }
  | "line"
  | false;

export interface MenuButtonProps {
  label: string;
  face?: ReactNode;
  look?: string;
  /** Stands over the entries. */
  head?: ReactNode;
  entries: MenuEntry[];
}

const load = () => import("./Menu");
const Menu = lazy(load);

const MORE = classes(buttonLook("quiet", "small"), "w-7 px-0 touch:w-10");

/** A button with a menu, whose code is fetched when a pointer or the focus comes near and shown when it is pressed. */
export function MenuButton({ face = <Icon name="more" />, look = MORE, ...rest }: MenuButtonProps) {
  const [wanted, setWanted] = useState(false);
  const near = (): void => void load();
  const plain = (extra: ComponentProps<"button">) => (
    <button
      type="button"
      aria-label={rest.label}
      title={rest.label}
      aria-haspopup="menu"
      className={look}
      {...extra}
    >
      {face}
    </button>
  );
  if (!wanted) return plain({ onPointerEnter: near, onFocus: near, onClick: () => setWanted(true) });
  return (
    <Suspense fallback={plain({ "aria-busy": true })}>
      <Menu face={face} look={look} {...rest} />
    </Suspense>
  );
}
