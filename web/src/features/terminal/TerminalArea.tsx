import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from "react";
import type { Project, Terminal } from "@/api/types";
import { live } from "@/queries/link";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Failure, FailureLine } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { ShellHint } from "@/ui/ShellHint";
import { Skeleton } from "@/ui/Skeleton";
import type { LinkView } from "./connection";
import { LEAVE_CHORD } from "./keys";
import { Latency, Viewers } from "./Presence";
import type { TerminalScreen } from "./screen";
import { TabStrip } from "./TabStrip";
import { TerminalMenu } from "./TerminalMenu";
import { TerminalPane } from "./TerminalPane";
import { neighbour, tabName } from "./tabs";
import { useTabs } from "./useTabs";

const CloseTerminal = lazy(() => import("./CloseTerminal"));
const RenameTerminal = lazy(() => import("./RenameTerminal"));

type Asked = { what: "close" | "rename"; terminal: Terminal } | null;

interface AreaProps {
  project: Project;
  /** Stands where the terminals would, when there are none because the machine does not run. */
  instead: ReactNode;
  /** Stands over the terminals: what is the matter with the machine under them. */
  band: ReactNode;
}

/** The terminals of a project: tabs, the shown screen, and what stands in their place when there are none. */
export default function TerminalArea({ project, instead, band }: AreaProps) {
  const [active, choose] = useActive();
  const tabs = useTabs(project, choose);
  const current = tabs.list.find((terminal) => terminal.id === active) ?? tabs.list[0];
  const visited = useVisited(current?.id);
  const bells = useBells(current?.id);
  const [titles, setTitles] = useState<ReadonlyMap<string, string>>(new Map());
  const [asked, setAsked] = useState<Asked>(null);
  const [link, setLink] = useState<{ view: LinkView | null; screen: TerminalScreen | null }>({
    view: null,
    screen: null,
  });
  const onLink = useCallback(
    (view: LinkView | null, screen: TerminalScreen | null) => setLink({ view, screen }),
    [],
  );

  const dismiss = (terminal: Terminal): void => {
    const next = neighbour(tabs.list, terminal.id);
    tabs.dismiss(terminal.id);
    if (next && terminal.id === current?.id) choose(next);
  };
  const close = (terminal: Terminal): void =>
    terminal.state === "closed" ? dismiss(terminal) : setAsked({ what: "close", terminal });

  if (tabs.loading) return <AreaSkeleton />;
  if (!current) return <NoTabs tabs={tabs} project={project} instead={instead} />;
  return (
    <section aria-label="Terminals" className="flex min-h-0 flex-1 flex-col">
      {band}
      <TabStrip
        tabs={tabs.list}
        active={current.id}
        bells={bells.ringing}
        titles={titles}
        busy={tabs.creating || project.status !== "running"}
        choose={choose}
        close={close}
        rename={(terminal) => setAsked({ what: "rename", terminal })}
        create={tabs.create}
      >
        <span className="hidden text-12 text-muted lg:inline touch:hidden">
          <kbd className="font-sans">{LEAVE_CHORD}</kbd> leaves the terminal
        </span>
        <Viewers link={link.view} />
        <Latency link={link.view} />
        <TerminalMenu
          terminal={current}
          screen={link.screen}
          find={() => link.screen?.askFind()}
          rename={() => setAsked({ what: "rename", terminal: current })}
          close={() => close(current)}
        />
      </TabStrip>
      {tabs.createError ? <FailureLine error={tabs.createError} /> : null}
      <div className="relative min-h-0 flex-1">
        {tabs.list.map((terminal, at) =>
          visited.has(terminal.id) ? (
            <TerminalPane
              key={terminal.id}
              terminal={terminal}
              label={tabName(terminal, at)}
              shown={terminal.id === current.id}
              onLink={onLink}
              onNew={project.status === "running" ? tabs.create : undefined}
              onDismiss={() => dismiss(terminal)}
              onTitle={(title) => setTitles((before) => new Map(before).set(terminal.id, title))}
              onBell={() => bells.ring(terminal.id, tabName(terminal, at))}
              onLeave={() => document.getElementById(`tab-${terminal.id}`)?.focus()}
            />
          ) : null,
        )}
      </div>
      <Suspense>
        {asked?.what === "close" && (
          <CloseTerminal
            terminal={asked.terminal}
            close={() => setAsked(null)}
            done={() => dismiss(asked.terminal)}
          />
        )}
        {asked?.what === "rename" && (
          <RenameTerminal terminal={asked.terminal} close={() => setAsked(null)} />
        )}
      </Suspense>
    </section>
  );
}

/** The shown tab stands in the address, so that a link or a reload shows it again. */
function useActive(): [string | undefined, (id: string) => void] {
  const { terminal } = useSearch({ from: "/signed-in/projects/$projectId" });
  const navigate = useNavigate({ from: "/projects/$projectId" });
  const choose = useCallback(
    (id: string) => void navigate({ search: { terminal: id }, replace: true }),
    [navigate],
  );
  return [terminal, choose];
}

/** A tab connects when it is first looked at, and stays connected. */
function useVisited(id: string | undefined): ReadonlySet<string> {
  const [visited, setVisited] = useState<ReadonlySet<string>>(new Set());
  if (id && !visited.has(id)) setVisited(new Set(visited).add(id));
  return visited;
}

interface Bells {
  ringing: ReadonlySet<string>;
  ring: (id: string, name: string) => void;
}

/** Terminals that rang since they were last looked at. */
function useBells(shown: string | undefined): Bells {
  const [ringing, setRinging] = useState<ReadonlySet<string>>(new Set());
  const add = useCallback((id: string) => setRinging((before) => new Set(before).add(id)), []);
  useEffect(
    () =>
      live.onEvent(
        ({ name, data }) => name === "terminal.signal" && data.kind !== "title" && add(data.terminal_id),
      ),
    [add],
  );
  if (shown && ringing.has(shown)) {
    const rest = new Set(ringing);
    rest.delete(shown);
    setRinging(rest);
  }
  const ring = (id: string, name: string): void => {
    if (id === shown) return;
    add(id);
    announce(`${name} rang.`);
  };
  return { ringing, ring };
}

type NoTabsProps = { tabs: ReturnType<typeof useTabs>; project: Project; instead: ReactNode };

function NoTabs({ tabs, project, instead }: NoTabsProps) {
  if (project.status !== "running") return instead;
  if (tabs.error) {
    return (
      <div className="px-5">
        <Failure error={tabs.error} retry={tabs.retry} title="The terminals could not be listed" />
      </div>
    );
  }
  if (tabs.creating) return <AreaSkeleton />;
  return (
    <div className="grid flex-1 grid-cols-[minmax(0,1fr)] content-center justify-items-center gap-4 p-6 text-center">
      <p className="text-16">No terminal is open.</p>
      {tabs.createError ? <FailureLine error={tabs.createError} /> : null}
      <Button kind="primary" onClick={tabs.create} icon={<Icon name="plus" className="size-3.5" />}>
        New terminal
      </Button>
      <ShellHint command={`aether shell ${project.slug}`} />
    </div>
  );
}

function AreaSkeleton() {
  return (
    <div role="status" aria-label="Opening the terminal" className="flex flex-1 flex-col bg-screen">
      <div className="flex h-9 items-center border-b border-line bg-canvas px-3 touch:h-11">
        <Skeleton className="w-20" />
      </div>
      <div className="grid content-start gap-2.5 p-4">
        <Skeleton className="w-56" />
        <Skeleton className="w-36" />
      </div>
    </div>
  );
}
