import { lazy, Suspense, useState } from "react";
import { isLeaveChord, LEAVE_CHORD } from "@/features/terminal/keys";
import { goToTree } from "@/features/workspace/panels";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { EditorTabs, tabId } from "./EditorTabs";
import { chordOf } from "./keys";
import { closeTab, step, tabsOf, useTabs } from "./open";
import { PaneSkeleton } from "./PaneSkeleton";

const FilePane = lazy(() => import("./FilePane"));
const CloseDirty = lazy(() => import("./CloseDirty"));

interface AreaProps {
  projectId: string;
  /** The machine can be asked. Without it, what is open can still be typed in. */
  running: boolean;
}

/** The open files of a project: their tabs, and the shown one. */
export default function EditorArea({ projectId, running }: AreaProps) {
  const list = useTabs(projectId);
  const [asked, setAsked] = useState<string | null>(null);
  const active = list.tabs.find((tab) => tab.path === list.active);

  const close = (path: string): void => {
    if (tabsOf(projectId).tabs.find((tab) => tab.path === path)?.dirty) setAsked(path);
    else closeTab(projectId, path);
  };
  const press = (event: React.KeyboardEvent): void => {
    const chord = chordOf(event.nativeEvent);
    if (isLeaveChord(event.nativeEvent) && list.active) document.getElementById(tabId(list.active))?.focus();
    else if (chord === "next" || chord === "previous") step(projectId, chord === "next" ? 1 : -1);
    else if (chord === "close" && list.active) close(list.active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (!active) return <NoFile projectId={projectId} />;
  return (
    <div className="@container flex h-full min-h-0 flex-1 flex-col bg-screen" onKeyDownCapture={press}>
      <EditorTabs projectId={projectId} list={list} close={close}>
        <span className="hidden text-12 text-muted @4xl:inline touch:hidden">
          <kbd className="font-sans">{LEAVE_CHORD}</kbd> leaves the editor
        </span>
      </EditorTabs>
      <div
        id="editor-panel"
        role="tabpanel"
        aria-labelledby={tabId(active.path)}
        className="flex min-h-0 flex-1 flex-col"
      >
        <Suspense fallback={<PaneSkeleton />}>
          <FilePane projectId={projectId} tab={active} running={running} close={close} />
        </Suspense>
      </div>
      <Suspense>
        {asked && <CloseDirty projectId={projectId} path={asked} done={() => setAsked(null)} />}
      </Suspense>
    </div>
  );
}

const KEYS: [string, string][] = [
  ["Ctrl P", "opens a file by its name"],
  ["Ctrl S", "saves it"],
  ["Alt PgDn", "shows the next tab"],
];

function NoFile({ projectId }: { projectId: string }) {
  return (
    <div className="grid h-full min-h-0 flex-1 content-center justify-items-center gap-4 bg-screen p-6 text-center">
      <p className="text-16">No file is open.</p>
      <Button onClick={() => goToTree(projectId)} icon={<Icon name="folder" />}>
        Choose from the files
      </Button>
      <dl className="grid grid-cols-[auto_auto] gap-x-3 gap-y-1 text-left text-12 text-muted touch:hidden">
        {KEYS.map(([chord, does]) => (
          <div key={chord} className="contents">
            <dt className="text-right">
              <kbd className="rounded-md border border-line bg-surface px-1.5 py-0.5 text-text">{chord}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
