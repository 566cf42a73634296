import { lazy, type ReactNode, Suspense, useEffect, useEffectEvent, useRef, useState } from "react";
import type { Project } from "@/api/types";
import { onOpened, useOpenFiles } from "@/features/editor/open";
import { UploadGuard } from "@/features/files/upload/UploadGuard";
import { offerCommands } from "@/features/gateway/offered";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { useNarrow } from "@/ui/media";
import { Skeleton } from "@/ui/Skeleton";
import { commandsOf, type PanelAct } from "./commands";
import { useWorkspaceKeys } from "./keys";
import {
  fitted,
  type Layout,
  LIMITS,
  revealEditor,
  type Shown,
  type Side,
  shownIn,
  widthLimits,
} from "./layout";
import { PanelSwitcher } from "./PanelToggles";
import { goToTree, searchInFiles, toggle, toggleFiles, toggleMiddle } from "./panels";
import { Splitter } from "./Splitter";
import { setLayout, useLayout } from "./useLayout";

const FilesPanel = lazy(() => import("@/features/files/FilesPanel"));
const QuickOpen = lazy(() => import("@/features/files/QuickOpen"));
const EditorArea = lazy(() => import("@/features/editor/EditorArea"));
const ChangesPanel = lazy(() => import("@/features/editor/ChangesPanel"));
const RunsPanel = lazy(() => import("@/features/agents/RunsPanel"));
const PortsPanel = lazy(() => import("@/features/previews/PortsPanel"));
const PortNotice = lazy(() => import("@/features/previews/PortNotice"));

interface LayoutProps {
  project: Project;
  /** The terminals. They stay where they are in the page, whatever is shown, so that nothing of them is lost. */
  children: ReactNode;
}

/** The panels of a project's page: files, the editor over the terminals, and one more at the right. */
export function WorkspaceLayout({ project, children }: LayoutProps) {
  const projectId = project.id;
  const running = project.status === "running";
  const narrow = useNarrow();
  const [box, room] = useRoom();
  const layout = fitted(useLayout(projectId), room.width);
  const open = useOpenFiles(projectId).length > 0;
  const shown = shownIn(layout, { narrow, open });
  const [going, setGoing] = useState(false);
  const set = (change: (layout: Layout) => Layout): void => setLayout(projectId, change);
  useActs(projectId, () => setGoing(true));
  useEffect(() => onOpened((id) => id === projectId && setLayout(id, revealEditor)), [projectId]);

  return (
    <>
      <PanelSwitcher projectId={projectId} running={running} />
      <div ref={box} className="relative flex min-h-0 flex-1">
        <FilesSide project={project} layout={layout} narrow={narrow} shown={shown.files} />
        {shown.files && !narrow && (
          <Splitter
            label="Width of the files"
            controls="panel-files"
            orientation="vertical"
            value={layout.filesWidth}
            {...widthLimits("files", layout, room.width)}
            set={(filesWidth) => set((before) => ({ ...before, filesWidth }))}
            collapse={() => set((before) => ({ ...before, files: false }))}
          />
        )}
        <Middle
          project={project}
          layout={layout}
          narrow={narrow}
          shown={shown}
          open={open}
          height={room.height}
        >
          {children}
        </Middle>
        {shown.side && !narrow && (
          <Splitter
            label="Width of the side panel"
            controls="panel-side"
            orientation="vertical"
            direction={-1}
            value={layout.sideWidth}
            {...widthLimits("side", layout, room.width)}
            set={(sideWidth) => set((before) => ({ ...before, sideWidth }))}
            collapse={() => set((before) => ({ ...before, side: null }))}
          />
        )}
        <RightSide project={project} layout={layout} narrow={narrow} shown={shown} />
        <Suspense>
          {running && <PortNotice projectId={projectId} running={running} quiet={shown.side === "ports"} />}
        </Suspense>
      </div>
      <UploadGuard projectId={projectId} />
      <Suspense>{going && <QuickOpen projectId={projectId} close={() => setGoing(false)} />}</Suspense>
    </>
  );
}

interface PartProps {
  project: Project;
  layout: Layout;
  narrow: boolean;
}

/** Once seen, it stays, so that what is open in it and where it was scrolled to is not lost. */
function FilesSide({ project, layout, narrow, shown }: PartProps & { shown: boolean }) {
  const seen = useSeen(shown);
  if (!seen) return null;
  return (
    <section
      id="panel-files"
      aria-label="Files panel"
      style={narrow ? undefined : { width: layout.filesWidth }}
      className={classes("flex min-h-0 shrink-0 flex-col bg-canvas max-md:w-full", !shown && "hidden")}
    >
      <Suspense fallback={<PanelSkeleton label="Loading the files" />}>
        <FilesPanel
          projectId={project.id}
          running={project.status === "running"}
          shown={shown}
          close={() => setLayout(project.id, (before) => ({ ...before, files: false }))}
        />
      </Suspense>
    </section>
  );
}

const SIDE_LABELS: Record<Side, string> = {
  runs: "Agents panel",
  changes: "Changes panel",
  ports: "Ports panel",
};

function RightSide({ project, layout, narrow, shown }: PartProps & { shown: Shown }) {
  if (!shown.side) return null;
  const running = project.status === "running";
  const close = (): void => setLayout(project.id, (before) => ({ ...before, side: null }));
  return (
    <section
      id="panel-side"
      aria-label={SIDE_LABELS[shown.side]}
      style={narrow ? undefined : { width: layout.sideWidth }}
      className="flex min-h-0 shrink-0 flex-col bg-canvas max-md:w-full"
    >
      <Suspense fallback={<PanelSkeleton label="Loading the panel" />}>
        {shown.side === "runs" && <RunsPanel project={project} close={close} />}
        {shown.side === "changes" && <ChangesPanel projectId={project.id} running={running} close={close} />}
        {shown.side === "ports" && <PortsPanel projectId={project.id} running={running} close={close} />}
      </Suspense>
    </section>
  );
}

interface MiddleProps extends PartProps {
  shown: Shown;
  open: boolean;
  height: number;
  children: ReactNode;
}

/** The editor over the terminals. Either may have all of the room; a strip brings the other one back. */
function Middle({ project, layout, narrow, shown, open, height, children }: MiddleProps) {
  const projectId = project.id;
  const edited = useSeen(shown.editor);
  const both = shown.editor && shown.terminal;
  const editorHeight = Math.round(height * layout.editorShare);
  const limit = (share: number): number => Math.round(height * share);
  return (
    <div
      className={classes(
        "flex min-h-0 min-w-0 flex-1 flex-col",
        !shown.editor && !shown.terminal && "hidden",
      )}
    >
      {!narrow && open && !shown.editor && (
        <Strip name="Editor" icon="down" press={() => toggleMiddle(projectId, "editor")} />
      )}
      {edited && (
        <div
          id="panel-editor"
          style={both ? { height: editorHeight } : undefined}
          className={classes(
            "flex min-h-0 flex-col",
            both ? "shrink-0" : "flex-1",
            !shown.editor && "hidden",
          )}
        >
          <Suspense fallback={<PanelSkeleton label="Loading the editor" />}>
            <EditorArea projectId={projectId} running={project.status === "running"} />
          </Suspense>
        </div>
      )}
      {both && (
        <Splitter
          label="Height of the editor"
          controls="panel-editor"
          orientation="horizontal"
          value={editorHeight}
          least={limit(LIMITS.share.least)}
          most={limit(LIMITS.share.most)}
          set={(next) =>
            setLayout(projectId, (before) => ({ ...before, editorShare: next / Math.max(1, height) }))
          }
          collapse={() => toggleMiddle(projectId, "editor")}
        />
      )}
      <div className={classes("flex min-h-0 flex-1 flex-col", !shown.terminal && "hidden")}>{children}</div>
      {!narrow && !shown.terminal && (
        <Strip name="Terminal" icon="up" press={() => toggleMiddle(projectId, "terminal")} />
      )}
    </div>
  );
}

function Strip({ name, icon, press }: { name: string; icon: "up" | "down"; press: () => void }) {
  return (
    <button
      type="button"
      onClick={press}
      className={classes(
        "flex h-7 shrink-0 items-center gap-1.5 bg-surface px-3 text-12 text-muted -outline-offset-2 hover:bg-raised hover:text-text touch:h-10",
        icon === "up" ? "border-t border-line" : "border-b border-line",
      )}
    >
      <Icon name={icon} className="size-3.5" />
      Show the {name.toLowerCase()}
    </button>
  );
}

function PanelSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-1 flex-col">
      <div className="flex h-9 items-center border-b border-line px-3 touch:h-11">
        <Skeleton className="w-16" />
      </div>
    </div>
  );
}

/** True from the first time on. */
function useSeen(now: boolean): boolean {
  const [seen, setSeen] = useState(now);
  if (now && !seen) setSeen(true);
  return seen || now;
}

/** The size there is, followed as the window changes. */
function useRoom(): [React.RefObject<HTMLDivElement | null>, { width: number; height: number }] {
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: window.innerWidth, height: window.innerHeight });
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry?.contentRect ?? { width: 0, height: 0 };
      if (width && height) setRoom({ width, height });
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, room];
}

/** The page's keys and what the palette offers on it. */
function useActs(projectId: string, go: () => void): void {
  const acts: Record<PanelAct, () => void> = {
    go,
    files: () => toggleFiles(projectId),
    search: () => searchInFiles(projectId),
    changes: () => toggle(projectId, "changes"),
    ports: () => toggle(projectId, "ports"),
    runs: () => toggle(projectId, "runs"),
    tree: () => goToTree(projectId),
    editor: () => toggleMiddle(projectId, "editor"),
    terminal: () => toggleMiddle(projectId, "terminal"),
  };
  const run = useEffectEvent((act: PanelAct) => acts[act]());
  useWorkspaceKeys((act) => acts[act]());
  useEffect(() => offerCommands(commandsOf((act) => run(act))), []);
}
