import { useEffect, useRef, useState } from "react";
import { IconButton } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { MenuButton } from "@/ui/MenuButton";
import { type FilesView, onFilesAsked, takeAsked } from "./commands";
import { SearchPanel } from "./SearchPanel";
import { setFileSettings, useFileSettings } from "./settings";
import { type TreeActions, TreePanel } from "./TreePanel";
import { UploadTray } from "./upload/UploadTray";

interface PanelProps {
  projectId: string;
  running: boolean;
  shown: boolean;
  close: () => void;
}

/** The files of a project: its tree, the search in them, and what is on its way in. */
export default function FilesPanel({ projectId, running, shown, close }: PanelProps) {
  const [view, setView] = useState<FilesView>(() => takeAsked(projectId) ?? "tree");
  const [asked, setAsked] = useState(0);
  const tree = useRef<TreeActions>(null);
  useEffect(
    () =>
      onFilesAsked((next) => {
        if (next.projectId !== projectId) return;
        takeAsked(projectId);
        setView(next.view);
        setAsked((count) => count + 1);
      }),
    [projectId],
  );
  return (
    <>
      <header className="flex h-9 shrink-0 items-center gap-0.5 border-b border-line pr-1 pl-3 touch:h-11">
        <h2 className="mr-auto truncate font-medium">{view === "tree" ? "Files" : "Search"}</h2>
        {view === "tree" && running && <TreeButtons tree={tree} />}
        <IconButton
          label="Search in files"
          aria-pressed={view === "search"}
          onClick={() => setView(view === "search" ? "tree" : "search")}
          className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          <Icon name="search" />
        </IconButton>
        {view === "tree" && <PanelMenu tree={tree} running={running} />}
        <IconButton label="Hide files" onClick={close} className="max-md:hidden">
          <Icon name="close" />
        </IconButton>
      </header>
      <div className={classes("flex min-h-0 flex-1 flex-col", view !== "tree" && "hidden")}>
        <TreePanel
          ref={tree}
          projectId={projectId}
          running={running}
          shown={shown && view === "tree"}
          asked={view === "tree" ? asked : 0}
        />
      </div>
      {view === "search" && (
        <SearchPanel projectId={projectId} running={running} asked={asked} leave={() => setView("tree")} />
      )}
      <UploadTray projectId={projectId} />
    </>
  );
}

function TreeButtons({ tree }: { tree: React.RefObject<TreeActions | null> }) {
  return (
    <>
      <IconButton label="New file" onClick={() => tree.current?.create("file")}>
        <Icon name="plus" />
      </IconButton>
      <IconButton label="Upload files" onClick={() => tree.current?.upload("files")}>
        <Icon name="upload" />
      </IconButton>
    </>
  );
}

function PanelMenu({ tree, running }: { tree: React.RefObject<TreeActions | null>; running: boolean }) {
  const { hidden } = useFileSettings();
  return (
    <MenuButton
      label="Files menu"
      entries={[
        running && { icon: "file", text: "New file", run: () => tree.current?.create("file") },
        running && { icon: "folder", text: "New folder", run: () => tree.current?.create("folder") },
        running && { icon: "upload", text: "Upload files", run: () => tree.current?.upload("files") },
        running && { icon: "upload", text: "Upload a folder", run: () => tree.current?.upload("folder") },
        running && {
          icon: "download",
          text: "Download everything as zip",
          run: () => tree.current?.downloadAll(),
        },
        running && "line",
        running && { icon: "again", text: "Refresh", run: () => tree.current?.refresh() },
        { icon: "up", text: "Close all folders", run: () => tree.current?.shutAll() },
        { text: "Hidden files", on: hidden, set: (on) => setFileSettings({ hidden: on }) },
      ]}
    />
  );
}
