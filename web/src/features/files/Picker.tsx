import { Dialog as Base } from "@base-ui/react/dialog";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useFocusBack } from "@/ui/focusBack";
import { Icon, type IconName } from "@/ui/Icon";

export interface Choice {
  id: string;
  icon: IconName;
  face: ReactNode;
  hint?: ReactNode;
}

interface PickerProps {
  label: string;
  placeholder: string;
  text: string;
  setText: (text: string) => void;
  choices: readonly Choice[];
  choose: (id: string) => void;
  close: () => void;
  /** Stands under the input while there is nothing to choose from. */
  empty: ReactNode;
  /** Stands over everything. */
  title?: string;
  foot?: ReactNode;
}

/** One input over a list, as the palette: what is typed narrows the list, arrows move, Enter takes. */
export function Picker(props: PickerProps) {
  const { label, placeholder, text, setText, choices, choose, close, empty, title, foot } = props;
  useFocusBack();
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const chosen = Math.min(at, choices.length - 1);

  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const take = (choice: Choice | undefined): void => choice && choose(choice.id);
  const press = (event: React.KeyboardEvent): void => {
    if (event.key === "ArrowDown") setAt((chosen + 1) % Math.max(1, choices.length));
    else if (event.key === "ArrowUp") setAt((chosen - 1 + choices.length) % Math.max(1, choices.length));
    else if (event.key === "Enter") take(choices[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <Base.Root open onOpenChange={(open) => !open && close()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 animate-appear bg-scrim" />
        <Base.Popup
          aria-label={label}
          className="fixed left-1/2 top-[10vh] z-50 flex max-h-[70vh] w-[calc(100vw-24px)] max-w-xl -translate-x-1/2 animate-appear flex-col overflow-hidden rounded-md border border-edge bg-surface shadow-[0_16px_48px_var(--shadow)] outline-none"
        >
          {title && <p className="truncate border-b border-line px-3 py-2 text-12 text-muted">{title}</p>}
          <div className="flex items-center gap-2 border-b border-line px-3 text-muted">
            <Icon name="search" />
            <input
              role="combobox"
              aria-label={label}
              aria-expanded={choices.length > 0}
              aria-controls={id}
              aria-activedescendant={choices[chosen] ? `${id}-${chosen}` : undefined}
              placeholder={placeholder}
              autoComplete="off"
              spellCheck={false}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={press}
              className="h-11 min-w-0 flex-1 bg-transparent text-14 text-text outline-none touch:text-16"
            />
            <kbd className="text-12 touch:hidden">Esc</kbd>
          </div>
          <div
            ref={list}
            id={id}
            role="listbox"
            aria-label="Results"
            className="overflow-auto p-1 empty:hidden"
          >
            {choices.map((choice, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys for the list.
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input, which names the active option.
              <div
                key={choice.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === chosen}
                onPointerMove={() => setAt(index)}
                onClick={() => take(choice)}
                className="flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 aria-selected:bg-raised touch:h-11"
              >
                <Icon name={choice.icon} className="size-4 text-muted" />
                <span className="flex min-w-0 flex-1 items-baseline gap-2">{choice.face}</span>
                {choice.hint && <span className="shrink-0 text-12 text-muted">{choice.hint}</span>}
              </div>
            ))}
          </div>
          {!choices.length && <div className="px-4 py-3 text-muted">{empty}</div>}
          {foot}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
