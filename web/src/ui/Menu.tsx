import { Menu as Base } from "@base-ui/react/menu";
import type { ReactNode } from "react";
import { classes } from "./classes";
import { Icon, type IconName } from "./Icon";

const ITEM =
  "flex h-8 cursor-default items-center gap-2 rounded-md px-2 outline-none select-none data-highlighted:bg-raised data-disabled:opacity-50 touch:h-11";

interface MenuProps {
  label: string;
  /** What stands on the button. */
  face: ReactNode;
  look: string;
  startOpen?: boolean;
  children: ReactNode;
}

export function Menu({ label, face, look, startOpen, children }: MenuProps) {
  return (
    <Base.Root defaultOpen={startOpen ?? false} modal={false}>
      <Base.Trigger aria-label={label} title={label} className={look}>
        {face}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner align="end" sideOffset={6} className="z-50 outline-none">
          <Base.Popup className="min-w-52 max-w-[calc(100vw-24px)] animate-appear rounded-md border border-edge bg-surface p-1 shadow-[0_12px_32px_var(--shadow)] outline-none">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface ItemProps {
  icon: IconName;
  onClick: () => void;
  children: ReactNode;
  danger?: boolean;
  hint?: string;
}

export function MenuItem({ icon, onClick, children, danger, hint }: ItemProps) {
  return (
    <Base.Item className={classes(ITEM, danger && "text-failed")} onClick={onClick}>
      <Icon name={icon} className={classes("size-4", !danger && "text-muted")} />
      <span className="flex-1">{children}</span>
      {hint && <kbd className="text-12 text-muted">{hint}</kbd>}
    </Base.Item>
  );
}

export function MenuLine() {
  return <Base.Separator className="-mx-1 my-1 h-px bg-line" />;
}

/** One of a few, with a tick at the present one. */
export function MenuChoice<Value extends string>({
  label,
  words,
  value,
  choose,
}: {
  label: string;
  words: Record<Value, string>;
  value: Value;
  choose: (value: Value) => void;
}) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-1 text-12 text-muted">{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={(next) => choose(next as Value)}>
        {(Object.entries(words) as [Value, string][]).map(([key, word]) => (
          <Base.RadioItem key={key} value={key} closeOnClick={false} className={ITEM}>
            <span className="grid size-4 place-items-center">
              <Base.RadioItemIndicator>
                <Icon name="check" className="size-4" />
              </Base.RadioItemIndicator>
            </span>
            {word}
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}

/** A setting that is on or off. */
export function MenuSwitch({
  on,
  set,
  children,
}: {
  on: boolean;
  set: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <Base.CheckboxItem checked={on} onCheckedChange={set} className={ITEM}>
      <span className="grid size-4 place-items-center">
        <Base.CheckboxItemIndicator>
          <Icon name="check" className="size-4" />
        </Base.CheckboxItemIndicator>
      </span>
      {children}
    </Base.CheckboxItem>
  );
}
