import {
  lazy,
  type ReactNode,
  Suspense,
  useEffect,
  useEffectEvent,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { asApiError } from "@/api/problem";
import { useWatched } from "@/queries/watch";
import { Button } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import type { MenuEntry } from "@/ui/MenuButton";
import { Bands } from "./Bands";
import { BytesView } from "./BytesView";
import type { OpenDocument } from "./document";
import { documentOf, lookAt, openDirty, retryAll, saveAll, saveOne } from "./documents";
import type { DocumentView } from "./documentView";
import { FileBar } from "./FileBar";
import { chordWords } from "./keys";
import { kindOf, modesOf, shownMode } from "./kinds";
import { closeTab, useTabs } from "./open";
import { PaneSkeleton } from "./PaneSkeleton";
import { TextView } from "./TextView";
import type { Mode, Tab } from "./tabs";

const HeadView = lazy(() => import("./HeadView"));
const MergePane = lazy(() => import("./MergePane"));
const MarkdownView = lazy(() => import("./MarkdownView"));
const ImageView = lazy(() => import("./ImageView"));
const LostView = lazy(() => import("./LostView"));

interface PaneProps {
  projectId: string;
  tab: Tab;
  running: boolean;
  close: (path: string) => void;
}

/** The shown file; and behind it all open ones are kept in step with the machine. */
export default function FilePane(props: PaneProps) {
  const { projectId, tab, running } = props;
  useKept(projectId, running);
  if (kindOf(tab.path) === "picture")
    return (
      <>
        <FileBar projectId={projectId} tab={tab} modes={["preview"]} close={() => props.close(tab.path)} />
        <Waiting>
          <ImageView key={tab.path} projectId={projectId} path={tab.path} running={running} />
        </Waiting>
      </>
    );
  return <Opened {...props} />;
}

/** Follows what happens to the open files while the machine runs. */
function useKept(projectId: string, running: boolean): void {
  const { tabs } = useTabs(projectId);
  const paths = tabs.map((tab) => tab.path).join("\0");
  const files = useMemo(() => (paths ? paths.split("\0") : []), [paths]);
  useWatched(projectId, running, { files }, (change) =>
    lookAt(projectId, change.lost ? undefined : change.files),
  );
  useEffect(() => openDirty(projectId), [projectId]);
  useEffect(() => {
    if (running) retryAll(projectId);
  }, [projectId, running]);
}

function Opened({ projectId, tab, running, close }: PaneProps) {
  const file = documentOf(projectId, tab.path);
  const view = useSyncExternalStore(file.subscribe, file.view);
  const [blame, setBlame] = useState(false);
  useEffect(() => void file.open(), [file]);
  const isText = view.phase === "text";
  const mode = shownMode(tab);
  useSaveKey(() => saveOne(file));
  return (
    <>
      <FileBar
        projectId={projectId}
        tab={tab}
        modes={isText && !view.theirs ? modesOf(tab.path) : []}
        entries={isText ? entriesOf(file, mode, blame, setBlame) : undefined}
        save={isText && view.state !== "changed" ? () => void file.save() : undefined}
        saveAll={() => void saveAll(projectId)}
        saving={view.state === "saving"}
        close={() => close(tab.path)}
      />
      <Bands file={file} view={view} running={running} />
      <Waiting>
        <Body file={file} view={view} tab={tab} running={running} blame={blame} />
      </Waiting>
    </>
  );
}

/** What the menu offers of a text, beyond what it does of every file. */
function entriesOf(
  file: OpenDocument,
  mode: Mode,
  blame: boolean,
  setBlame: (on: boolean) => void,
): MenuEntry[] {
  const find = (): void => file.buffer.find();
  return [
    mode !== "preview" && { icon: "search", text: "Find and replace", hint: chordWords("F"), run: find },
    mode === "text" && "line",
    mode === "text" && { text: "Who changed each line", on: blame, set: setBlame },
  ];
}

/** The chord saves the shown file from anywhere on the page but the terminal, which has keys of its own. */
function useSaveKey(save: () => void): void {
  const act = useEffectEvent(save);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const chord =
        event.code === "KeyS" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const inTerminal = event.target instanceof Element && event.target.closest("[data-terminal]");
      // An editor that has the focus has saved already.
      if (!chord || inTerminal || event.defaultPrevented) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

interface BodyProps {
  file: OpenDocument;
  view: DocumentView;
  tab: Tab;
  running: boolean;
  blame: boolean;
}

function Body({ file, view, tab, running, blame }: BodyProps) {
  const { phase, theirs } = view;
  const mode = shownMode(tab);
  if (phase === "loading") return <PaneSkeleton bare />;
  if (phase === "failed") return <Unread file={file} view={view} running={running} />;
  if (phase === "missing") return <LostView file={file} />;
  if (phase !== "text") return <BytesView file={file} view={view} />;
  if (theirs?.text) return <MergePane key={file.path} file={file} view={view} theirs={theirs.text} />;
  if (mode === "diff") return <HeadView key={file.path} file={file} view={view} />;
  if (mode === "preview" && kindOf(tab.path) === "drawing")
    return <ImageView projectId={file.projectId} path={file.path} running={running} />;
  if (mode === "preview") return <MarkdownView file={file} />;
  return <TextView key={file.path} file={file} view={view} blame={blame} />;
}

function Unread({ file, view, running }: Omit<BodyProps, "tab" | "blame">) {
  const stopped = !running && asApiError(view.error).status !== 404;
  return (
    <div className="px-5">
      <Failure
        error={view.error}
        title={stopped ? "The machine does not run" : undefined}
        retry={() => void file.reopen()}
      />
      <Button size="small" kind="quiet" onClick={() => closeTab(file.projectId, file.path)}>
        Close file
      </Button>
    </div>
  );
}

function Waiting({ children }: { children: ReactNode }) {
  return <Suspense fallback={<PaneSkeleton bare />}>{children}</Suspense>;
}
