import { type ReactNode, useEffect, useRef } from "react";
import type { Terminal } from "@/api/types";
import { IconButton } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { tabName } from "./tabs";

interface StripProps {
  tabs: readonly Terminal[];
  active: string | undefined;
  bells: ReadonlySet<string>;
  titles: ReadonlyMap<string, string>;
  busy: boolean;
  choose: (id: string) => void;
  close: (terminal: Terminal) => void;
  rename: (terminal: Terminal) => void;
  create: () => void;
  children: ReactNode;
}

/** The tabs of a project's terminals: arrows move, Delete closes, F2 or a double click renames. */
export function TabStrip(props: StripProps) {
  const { tabs, active, create, busy, children } = props;
  return (
    <div className="flex h-9 shrink-0 items-stretch border-b border-line bg-canvas touch:h-11">
      <div
        role="tablist"
        aria-label="Terminals"
        className="flex min-w-0 overflow-x-auto [scrollbar-width:none]"
      >
        {tabs.map((terminal, at) => (
          <Tab key={terminal.id} terminal={terminal} at={at} chosen={terminal.id === active} {...props} />
        ))}
      </div>
      <div className="flex items-center px-1">
        <IconButton label="New terminal" onClick={create} disabled={busy}>
          <Icon name="plus" />
        </IconButton>
      </div>
      <div className="ml-auto flex shrink-0 items-center gap-1 pl-2 pr-2">{children}</div>
    </div>
  );
}

type TabProps = StripProps & { terminal: Terminal; at: number; chosen: boolean };

function Tab({ terminal, at, chosen, tabs, bells, titles, choose, close, rename }: TabProps) {
  const name = tabName(terminal, at);
  const title = titles.get(terminal.id) ?? terminal.title;
  const rings = bells.has(terminal.id);
  const tab = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) tab.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [chosen]);
  const enter = (event: React.MouseEvent<HTMLElement>): void => {
    event.currentTarget.blur();
    choose(terminal.id);
    document.querySelector<HTMLElement>(`#panel-${CSS.escape(terminal.id)} textarea`)?.focus();
  };
  const press = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && tabs[(at + step + tabs.length) % tabs.length];
    if (next) {
      choose(next.id);
      document.getElementById(`tab-${next.id}`)?.focus();
    } else if (event.key === "Delete") close(terminal);
    else if (event.key === "F2") rename(terminal);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={tab}
      role="presentation"
      className={classes(
        "group flex max-w-64 shrink-0 items-center border-r border-line",
        chosen ? "bg-screen text-text shadow-[inset_0_2px_0_var(--accent)]" : "text-muted hover:text-text",
      )}
    >
      <button
        id={`tab-${terminal.id}`}
        type="button"
        role="tab"
        aria-selected={chosen}
        aria-controls={`panel-${terminal.id}`}
        aria-label={rings ? `${name}, rang` : name}
        tabIndex={chosen ? 0 : -1}
        title={title || name}
        onClick={enter}
        onDoubleClick={() => rename(terminal)}
        onKeyDown={press}
        className="flex h-full min-w-0 items-center gap-1.5 pl-3 pr-1 max-sm:pr-3 -outline-offset-2"
      >
        {rings && <Icon name="bell" className="size-3.5 text-waiting" />}
        <span className="truncate">{name}</span>
        {chosen && title && title !== name && (
          <span className="hidden max-w-32 truncate text-12 text-muted md:inline">{title}</span>
        )}
      </button>
      {/* Keyboard, screen reader and phone close a tab with Delete or from the menu, where its name is said. */}
      <button
        type="button"
        tabIndex={-1}
        aria-hidden="true"
        title={`Close ${name}`}
        onClick={() => close(terminal)}
        className={classes(
          "mr-1.5 grid size-5 place-items-center rounded-md hover:bg-raised max-sm:hidden touch:size-9",
          chosen ? "text-muted hover:text-text" : "text-transparent group-hover:text-muted",
        )}
      >
        <Icon name="close" className="size-3.5" />
      </button>
    </div>
  );
}
