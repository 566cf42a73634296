import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { gitStatusQuery } from "@/queries/git";
import { portsQuery } from "@/queries/ports";
import { buttonLook } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { plural } from "@/ui/format";
import { Icon, type IconName } from "@/ui/Icon";
import { type Act, chordNames, chordWords } from "./keys";
import type { Single } from "./layout";
import { showOne, toggle, toggleFiles } from "./panels";
import { useLayout } from "./useLayout";

const RunsCount = lazy(() => import("@/features/agents/RunsCount"));

/** How many files differ from HEAD, and how many ports listen; null while nobody knows. */
function useCounts(projectId: string, running: boolean): { changes: number | null; ports: number | null } {
  const status = useQuery({ ...gitStatusQuery(projectId), enabled: running });
  const ports = useQuery({ ...portsQuery(projectId), enabled: running });
  return {
    changes: running && status.data?.repository ? status.data.items.length : null,
    ports: running && ports.data ? ports.data.filter(({ listening }) => listening).length : null,
  };
}

interface PanelsProps {
  projectId: string;
  running: boolean;
}

/** The panels beside the middle, in the bar. */
export function PanelToggles({ projectId, running }: PanelsProps) {
  const layout = useLayout(projectId);
  const counts = useCounts(projectId, running);
  return (
    <div role="toolbar" aria-label="Panels" className="flex shrink-0 items-center gap-0.5 max-md:hidden">
      <Toggle name="Files" icon="folder" act="files" on={layout.files} press={() => toggleFiles(projectId)} />
      <Toggle
        name="Agents"
        icon="agent"
        act="runs"
        end={<RunsCount projectId={projectId} />}
        on={layout.side === "runs"}
        press={() => toggle(projectId, "runs")}
      />
      <Toggle
        name="Changes"
        icon="changes"
        act="changes"
        count={counts.changes}
        said={(count) => plural(count, "file", "files")}
        on={layout.side === "changes"}
        press={() => toggle(projectId, "changes")}
      />
      <Toggle
        name="Ports"
        icon="plug"
        act="ports"
        count={counts.ports}
        said={(count) => `${count} listening`}
        on={layout.side === "ports"}
        press={() => toggle(projectId, "ports")}
      />
    </div>
  );
}

interface ToggleProps {
  name: string;
  icon: IconName;
  act: Act;
  on: boolean;
  press: () => void;
  count?: number | null;
  said?: (count: number) => string;
  /** Stands where the count would. */
  end?: ReactNode;
}

function Toggle({ name, icon, act, on, press, count, said, end }: ToggleProps) {
  const words = count && said ? `${name}, ${said(count)}` : name;
  return (
    <button
      type="button"
      aria-pressed={on}
      aria-label={words}
      aria-keyshortcuts={chordNames(act)}
      title={`${words} (${chordWords(act)})`}
      onClick={press}
      className={classes(buttonLook("quiet", "small"), "aria-pressed:bg-raised aria-pressed:text-text")}
    >
      <Icon name={icon} className="size-3.5" />
      <span className="max-lg:hidden">{name}</span>
      <Count count={count} />
      <Suspense>{end}</Suspense>
    </button>
  );
}

function Count({ count }: { count: number | null | undefined }): ReactNode {
  if (!count) return null;
  return (
    <span aria-hidden="true" data-number className="text-12 text-muted">
      {count > 999 ? "999+" : count}
    </span>
  );
}

const SINGLES: readonly { single: Single; name: string }[] = [
  { single: "terminal", name: "Terminal" },
  { single: "runs", name: "Agents" },
  { single: "files", name: "Files" },
  { single: "editor", name: "Editor" },
  { single: "changes", name: "Changes" },
  { single: "ports", name: "Ports" },
];

/** One panel at a time, where two cannot stand beside one another. */
export function PanelSwitcher({ projectId, running }: PanelsProps) {
  const { single: shown } = useLayout(projectId);
  const counts = useCounts(projectId, running);
  return (
    <nav
      aria-label="Panels"
      className="flex h-11 shrink-0 items-stretch overflow-x-auto border-b border-line bg-surface px-1 [scrollbar-width:none] md:hidden"
    >
      {SINGLES.map(({ single, name }) => {
        const count = single === "changes" || single === "ports" ? counts[single] : null;
        return (
          <button
            key={single}
            type="button"
            aria-current={single === shown ? "true" : undefined}
            onClick={() => showOne(projectId, single)}
            className="flex flex-1 items-center justify-center gap-1 px-2 text-muted -outline-offset-2 border-b-2 border-transparent aria-[current]:border-accent aria-[current]:text-text"
          >
            {name}
            <Count count={count} />
            <Suspense>{single === "runs" && <RunsCount projectId={projectId} />}</Suspense>
          </button>
        );
      })}
    </nav>
  );
}
