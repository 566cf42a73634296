import { Menu as Base } from "@base-ui/react/menu";
import { classes } from "./classes";
import { Icon } from "./Icon";
import type { MenuButtonProps, MenuEntry } from "./MenuButton";

const ITEM =
  "flex h-8 cursor-default items-center gap-2 rounded-md px-2 outline-none select-none data-highlighted:bg-raised data-disabled:opacity-50 touch:h-11";

/** Opens at once: it is loaded because it was asked for. */
export default function Menu({ label, face, look, head, entries }: MenuButtonProps) {
  return (
    <Base.Root defaultOpen modal={false}>
      <Base.Trigger aria-label={label} title={label} className={look}>
        {face}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner align="end" sideOffset={6} className="z-50 outline-none">
          <MenuPopup head={head} entries={entries} />
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

/** What opens, wherever it opens from. */
export function MenuPopup({
  label,
  head,
  entries,
}: Pick<MenuButtonProps, "head" | "entries"> & { label?: string }) {
  return (
    <Base.Popup
      aria-label={label}
      className="min-w-52 max-w-[calc(100vw-24px)] animate-appear rounded-md border border-edge bg-surface p-1 shadow-[0_12px_32px_var(--shadow)] outline-none"
    >
      {head}
      {entries.map((entry, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the entries of one menu keep their places.
        <Entry key={at} entry={entry} />
      ))}
    </Base.Popup>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  if (!entry) return null;
  if (entry === "line") return <Base.Separator className="-mx-1 my-1 h-px bg-line" />;
  if ("run" in entry) return <Item entry={entry} />;
  return "words" in entry ? <Choice entry={entry} /> : <Switch entry={entry} />;
}

type Kind<Key extends string> = Extract<MenuEntry, Record<Key, unknown>>;

function Item({ entry }: { entry: Kind<"run"> }) {
  return (
    <Base.Item className={classes(ITEM, entry.danger && "text-failed")} onClick={entry.run}>
      <Icon name={entry.icon} className={classes("size-4", !entry.danger && "text-muted")} />
      <span className="flex-1">{entry.text}</span>
      {entry.hint && (
        <span aria-hidden="true" className="text-12 text-muted touch:hidden">
          {entry.hint}
        </span>
      )}
    </Base.Item>
  );
}

/** A setting that is on or off. */
function Switch({ entry }: { entry: Kind<"set"> }) {
  return (
    <Base.CheckboxItem checked={entry.on} onCheckedChange={entry.set} className={ITEM}>
      <span className="grid size-4 place-items-center">
        <Base.CheckboxItemIndicator>
          <Icon name="check" />
        </Base.CheckboxItemIndicator>
      </span>
      {entry.text}
    </Base.CheckboxItem>
  );
}

/** One of a few, with a tick at the present one. */
function Choice({ entry }: { entry: Kind<"words"> }) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-1 text-12 text-muted">{entry.text}</Base.GroupLabel>
      <Base.RadioGroup value={entry.value} onValueChange={entry.choose}>
        {Object.entries(entry.words).map(([value, word]) => (
          <Base.RadioItem key={value} value={value} closeOnClick={entry.closes ?? false} className={ITEM}>
            <span className="grid size-4 place-items-center">
              <Base.RadioItemIndicator>
                <Icon name="check" />
              </Base.RadioItemIndicator>
            </span>
            {word}
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}
