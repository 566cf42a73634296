import { Dialog as Base } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useLogout } from "@/queries/entrance";
import { projectsQuery } from "@/queries/projects";
import { useFocusBack } from "@/ui/focusBack";
import { Icon } from "@/ui/Icon";
import { type Command, commandsFor, matching } from "./commands";

/** One input over projects, pages and actions. */
export default function Palette({ close }: { close: () => void }) {
  useFocusBack();
  const navigate = useNavigate();
  const logout = useLogout();
  const { data: projects = [] } = useQuery(projectsQuery);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const commands = useMemo(() => commandsFor(projects), [projects]);
  const found = useMemo(() => matching(commands, text), [commands, text]);
  const list = useRef<HTMLDivElement>(null);
  const chosen = Math.min(at, found.length - 1);

  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const run = (command: Command | undefined): void => {
    if (!command) return;
    close();
    command.run({ go: (to) => void navigate({ to }), signOut: () => logout.mutate() });
  };
  const press = (event: React.KeyboardEvent): void => {
    if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <Base.Root open onOpenChange={(open) => !open && close()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 animate-appear bg-scrim" />
        <Base.Popup
          aria-label="Search and commands"
          className="fixed left-1/2 top-[10vh] z-50 flex max-h-[70vh] w-[calc(100vw-24px)] max-w-xl -translate-x-1/2 animate-appear flex-col overflow-hidden rounded-md border border-edge bg-surface shadow-[0_16px_48px_var(--shadow)] outline-none"
        >
          <div className="flex items-center gap-2 border-b border-line px-3 text-muted">
            <Icon name="search" />
            <input
              role="combobox"
              aria-label="Search projects, pages and actions"
              aria-expanded="true"
              aria-controls={id}
              aria-activedescendant={found[chosen] ? `${id}-${chosen}` : undefined}
              placeholder="Search projects, pages and actions"
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
          <div ref={list} id={id} role="listbox" aria-label="Results" className="overflow-auto p-1">
            {found.map((command, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys for the list.
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input, which names the active option.
              <div
                key={command.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === chosen}
                onPointerMove={() => setAt(index)}
                onClick={() => run(command)}
                className="flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 aria-selected:bg-raised touch:h-11"
              >
                <Icon name={command.icon} className="size-4 text-muted" />
                <span className="min-w-0 flex-1 truncate">{command.name}</span>
                <span className="truncate text-12 text-muted">{command.hint}</span>
              </div>
            ))}
          </div>
          {!found.length && <p className="px-4 pb-4 text-muted">Nothing matches “{text}”.</p>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
