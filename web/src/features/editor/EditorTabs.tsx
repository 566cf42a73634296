import { type ReactNode, useEffect, useRef } from "react";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { ShapeMark } from "@/ui/StateMark";
import { activate, reorder } from "./open";
import { stepped, type Tab, type TabList, tabLabel } from "./tabs";

interface StripProps {
  projectId: string;
  list: TabList;
  close: (path: string) => void;
  children: ReactNode;
}

/** The id of a tab; panels name it. */
export function tabId(path: string): string {
  return `file-${encodeURIComponent(path)}`;
}

/** The tabs of the open files: arrows move, Delete closes, dragging sorts. */
export function EditorTabs(props: StripProps) {
  return (
    <div className="flex h-9 shrink-0 items-stretch border-b border-line bg-canvas touch:h-11">
      <div
        role="tablist"
        aria-label="Open files"
        className="flex min-w-0 overflow-x-auto [scrollbar-width:none]"
      >
        {props.list.tabs.map((tab, at) => (
          <FileTab key={tab.path} tab={tab} at={at} {...props} />
        ))}
      </div>
      <div className="ml-auto flex shrink-0 items-center gap-1 px-2">{props.children}</div>
    </div>
  );
}

type TabProps = StripProps & { tab: Tab; at: number };

const LOOK = "group flex max-w-64 shrink-0 items-center border-r border-line";

function FileTab({ projectId, list, tab, at, close }: TabProps) {
  const chosen = tab.path === list.active;
  const { name, folder } = tabLabel(list, tab.path);
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) element.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  const press = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && stepped(list, step);
    if (next) {
      activate(projectId, next);
      document.getElementById(tabId(next))?.focus();
    } else if (event.key === "Delete") close(tab.path);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the tab inside has the role; dragging and the middle button are a pointer's alone.
    <div
      ref={element}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(DRAGGED, tab.path)}
      onDragOver={(event) => event.dataTransfer.types.includes(DRAGGED) && event.preventDefault()}
      onDrop={(event) => {
        const path = event.dataTransfer.getData(DRAGGED);
        if (path) reorder(projectId, path, at);
      }}
      onAuxClick={(event) => event.button === 1 && close(tab.path)}
      className={classes(
        LOOK,
        chosen ? "bg-screen text-text shadow-[inset_0_2px_0_var(--accent)]" : "text-muted hover:text-text",
      )}
    >
      <button
        id={tabId(tab.path)}
        type="button"
        role="tab"
        aria-selected={chosen}
        aria-controls="editor-panel"
        aria-label={`${name}${folder ? `, ${folder}` : ""}${spoken(tab)}`}
        tabIndex={chosen ? 0 : -1}
        title={tab.path}
        onClick={() => activate(projectId, tab.path)}
        onKeyDown={press}
        className="flex h-full min-w-0 items-center gap-1.5 pl-3 pr-1 -outline-offset-2"
      >
        {tab.clash && <ShapeMark shape="triangle" className="text-waiting" />}
        <span className="truncate">{name}</span>
        {folder && <span className="truncate text-12 text-muted">{folder}</span>}
        {tab.mode === "diff" && <Icon name="changes" className="size-3.5 text-muted" />}
      </button>
      <CloseMark name={name} tab={tab} chosen={chosen} close={() => close(tab.path)} />
    </div>
  );
}

const DRAGGED = "application/x-aether-tab";

function spoken(tab: Tab): string {
  if (tab.clash) return ", changed in the machine";
  return tab.dirty ? ", not saved" : "";
}

interface CloseProps {
  name: string;
  tab: Tab;
  chosen: boolean;
  close: () => void;
}

/** A dot while there is something to save, and under the pointer the way to close. */
function CloseMark({ name, tab, chosen, close }: CloseProps) {
  return (
    // Keyboard and screen reader close a tab with Delete or from the menu, where its name is said.
    <button
      type="button"
      tabIndex={-1}
      aria-hidden="true"
      title={`Close ${name}`}
      onClick={close}
      className={classes(
        "mr-1.5 grid size-5 shrink-0 place-items-center rounded-md hover:bg-raised touch:size-9",
        chosen ? "text-muted hover:text-text" : "text-transparent group-hover:text-muted touch:text-muted",
      )}
    >
      <span className={tab.dirty ? "hidden group-hover:block" : "block"}>
        <Icon name="close" className="size-3.5" />
      </span>
      {tab.dirty && (
        <span className="text-text group-hover:hidden">
          <ShapeMark shape="disc" className="size-2" />
        </span>
      )}
    </button>
  );
}
