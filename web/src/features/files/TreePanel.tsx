import { lazy, Suspense, useEffect, useImperativeHandle, useRef, useState } from "react";
import type { Entry } from "@/api/types";
import * as editor from "@/features/editor/open";
import { archiveUrl, fileUrl } from "@/queries/files";
import { announce } from "@/ui/announce";
import { copyText } from "@/ui/Copy";
import { FileTree, type TreeActs, type TreeHandle } from "./FileTree";
import { markOf } from "./marks";
import { openWayTo, setOpen, setOpenFolders, useOpenFolders } from "./openFolders";
import { folderOf, join, movesInto, nameFault, pathFault, ROOT } from "./paths";
import { rowMenu } from "./rowMenu";
import { Refusal, TreeBody } from "./TreeBody";
import type { EntryRow } from "./TreeRow";
import {
  followed,
  isFile,
  isFolder,
  isOutside,
  isUnnamable,
  NOTHING,
  neighbourOf,
  only,
  ranged,
  type Selection,
  targets,
  toggled,
} from "./tree";
import { useUploadInputs } from "./upload/useUploadInputs";
import { DRAGGED } from "./useDrops";
import { useFileActions } from "./useFileActions";
import { useTree } from "./useTree";

const DeleteFiles = lazy(() => import("./DeleteFiles"));
const ReplaceFiles = lazy(() => import("./ReplaceFiles"));
const MoveTo = lazy(() => import("./MoveTo"));
const MenuAt = lazy(() => import("@/ui/MenuAt"));

export interface TreeActions {
  create: (kind: "file" | "folder") => void;
  upload: (what: "files" | "folder") => void;
  downloadAll: () => void;
  refresh: () => void;
  shutAll: () => void;
}

interface TreePanelProps {
  ref: React.Ref<TreeActions>;
  projectId: string;
  running: boolean;
  shown: boolean;
  /** Grows each time the tree is asked to take the focus. */
  asked: number;
}

type Asked =
  | { what: "menu"; at: { x: number; y: number }; row: EntryRow | null }
  | { what: "delete"; paths: readonly string[]; folders: boolean }
  | { what: "move"; paths: readonly string[] }
  | null;

export function TreePanel({ ref, projectId, running, shown, asked: focusAsked }: TreePanelProps) {
  const tree = useTree(projectId, running, shown);
  const [selection, select] = useState<Selection>(NOTHING);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked>(null);
  const current = editor.useActiveFile(projectId);
  const open = useOpenFolders(projectId);
  const handle = useRef<TreeHandle>(null);
  const uploads = useUploadInputs(projectId);
  const focus = (): void => handle.current?.focus();
  const actions = useFileActions(
    projectId,
    (path) => select(only(path)),
    (moves) => {
      select((before) => followed(before, moves));
      focus();
    },
  );
  useFocusWhenAsked(focusAsked, focus);
  useReveal(projectId, current, shown, handle);

  const order = tree.rows.filter((row) => row.kind === "entry").map(({ path }) => path);
  const entryOf = (path: string): Entry | undefined =>
    tree.rows.find((row): row is EntryRow => row.kind === "entry" && row.path === path)?.entry;
  /** The folder new things go into: the active one, or that of the active file. */
  const here = (): string => {
    const entry = selection.active ? entryOf(selection.active) : undefined;
    if (!entry) return ROOT;
    return isFolder(entry) && open.has(entry.path) ? entry.path : folderOf(entry.path);
  };
  const draftIn = (folder: string, kind: "file" | "folder"): void => {
    if (folder !== ROOT) setOpen(projectId, folder, true);
    tree.setDraft({ folder, kind });
  };
  const copyPaths = async (paths: readonly string[]): Promise<void> => {
    const done = await copyText(paths.map((path) => path.slice(1)).join("\n"));
    announce(done ? "Path copied." : "The browser did not allow copying.");
  };
  const askRemove = (path: string): void => {
    const paths = targets(selection, path);
    // Its shown name might be another one's true name.
    if (!running || paths.some((each) => entryOf(each)?.name_b64)) return;
    const folders = paths.some((each) => entryOf(each)?.type === "folder");
    setAsked({ what: "delete", paths, folders });
  };
  const openRow = (row: EntryRow): void => {
    if (isFolder(row.entry)) setOpen(projectId, row.path, !row.open);
    else if (isUnnamable(row.entry))
      announce("Its name is no UTF-8, so it is reached from the terminal only.");
    else if (isOutside(row.entry))
      announce(`${row.entry.name} leads out of the project and is not followed.`);
    else if (isFile(row.entry)) editor.openFile(projectId, row.path);
    else announce(`${row.entry.name} is no file that can be opened.`);
  };

  const acts: TreeActs = {
    open: openRow,
    setOpen: (path, on) => setOpen(projectId, path, on),
    press: (event, row) => {
      if (event.shiftKey) select(ranged(selection, row.path, order));
      else if (event.ctrlKey || event.metaKey) select(toggled(selection, row.path));
      else {
        select(only(row.path));
        openRow(row);
      }
    },
    menu: (at, row) => {
      if (row && isUnnamable(row.entry)) return openRow(row);
      if (row && !selection.chosen.has(row.path)) select(only(row.path));
      setAsked({ what: "menu", at, row });
    },
    drag: (row) => {
      if (!selection.chosen.has(row.path)) select(only(row.path));
      return targets(selection, row.path);
    },
    drop: (folder, data) => {
      if (!running) return;
      if (data.types.includes(DRAGGED)) actions.move(movesInto(pathsIn(data), folder));
      else void uploads.drop(data, folder);
    },
    rename: (path) => running && !entryOf(path)?.name_b64 && setRenaming(path),
    renamed: (path, name) => {
      setRenaming(null);
      focus();
      actions.move([{ from: path, to: join(folderOf(path), name) }]);
    },
    endRename: () => {
      setRenaming(null);
      focus();
    },
    remove: askRemove,
    copyPath: (path) => void copyPaths(targets(selection, path)),
    create: (draft, name) => {
      tree.setDraft(null);
      actions.create(draft, name.replace(/\/+$/, ""));
    },
    endDraft: () => {
      tree.setDraft(null);
      focus();
    },
    retry: tree.refresh,
    fault: (folder, name, own) => {
      const taken = new Set(tree.namesIn(folder));
      if (own === undefined) return pathFault(name, taken);
      taken.delete(own);
      return nameFault(name, taken);
    },
  };

  useImperativeHandle(ref, () => ({
    create: (kind) => draftIn(here(), kind),
    upload: (what) => uploads.ask(here(), what),
    downloadAll: () => download(archiveUrl(projectId, ROOT)),
    refresh: () => tree.refresh(),
    shutAll: () => setOpenFolders(projectId, []),
  }));

  const menuFor = ({ row }: Extract<Asked, { what: "menu" }>) => {
    const paths = row ? targets(selection, row.path) : [];
    const path = row?.path ?? ROOT;
    const changed = row !== null && markOf(tree.marks, path) !== null;
    return rowMenu(
      { entry: row?.entry ?? null, count: paths.length, changed, running },
      {
        open: () => row && openRow(row),
        diff: () => editor.openDiff(projectId, path),
        newFile: () => draftIn(path, "file"),
        newFolder: () => draftIn(path, "folder"),
        upload: () => uploads.ask(path, "files"),
        rename: () => setRenaming(path),
        moveTo: () => setAsked({ what: "move", paths }),
        copyPath: () => void copyPaths(paths),
        download: () =>
          download(!row || isFolder(row.entry) ? archiveUrl(projectId, path) : fileUrl(projectId, path)),
        remove: () => askRemove(path),
      },
    );
  };

  return (
    <>
      {uploads.inputs}
      {actions.error ? <Refusal error={actions.error} dismiss={actions.dismiss} /> : null}
      {!running && (
        <p role="status" className="border-b border-line px-3 py-1.5 text-12 text-muted">
          The machine does not run. This is how the files were.
        </p>
      )}
      <TreeBody
        tree={tree}
        running={running}
        create={() => draftIn(ROOT, "file")}
        upload={() => uploads.ask(ROOT, "files")}
        drop={acts.drop}
      >
        <FileTree
          ref={handle}
          rows={tree.rows}
          marks={tree.marks}
          selection={selection}
          select={select}
          draft={tree.draft}
          renaming={renaming}
          current={current}
          label="Files"
          act={acts}
        />
      </TreeBody>
      <Suspense>
        {asked?.what === "menu" && (
          <MenuAt
            label={asked.row ? `Menu of ${asked.row.entry.name}` : "Menu of the project's files"}
            at={asked.at}
            entries={menuFor(asked)}
            close={() => setAsked((now) => (now === asked ? null : now))}
          />
        )}
        {asked?.what === "delete" && (
          <DeleteFiles
            {...asked}
            busy={actions.busy}
            error={actions.error}
            confirm={() =>
              actions.remove(asked.paths, () => {
                const next = neighbourOf(order, asked.paths);
                select(next ? only(next) : NOTHING);
                setAsked(null);
                focus();
              })
            }
            close={() => {
              actions.dismiss();
              setAsked(null);
            }}
          />
        )}
        {asked?.what === "move" && (
          <MoveTo
            projectId={projectId}
            paths={asked.paths}
            known={tree.rows
              .filter((row) => row.kind === "entry" && isFolder(row.entry))
              .map(({ path }) => path)}
            move={actions.move}
            close={() => setAsked(null)}
          />
        )}
        {actions.clash && (
          <ReplaceFiles
            moves={actions.clash}
            busy={actions.busy}
            confirm={() => actions.move((actions.clash ?? []).map((move) => ({ ...move, overwrite: true })))}
            close={actions.dismiss}
          />
        )}
      </Suspense>
    </>
  );
}

function pathsIn(data: DataTransfer): string[] {
  try {
    const paths: unknown = JSON.parse(data.getData(DRAGGED));
    return Array.isArray(paths) ? paths.filter((path) => typeof path === "string") : [];
  } catch {
    return [];
  }
}

/** A click on a link that is not there: the browser keeps the page and saves the file. */
function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

function useFocusWhenAsked(asked: number, focus: () => void): void {
  const latest = useRef(focus);
  useEffect(() => {
    latest.current = focus;
  });
  useEffect(() => {
    if (asked) latest.current();
  }, [asked]);
}

/** Brings the row of the file the editor shows into view when another one is shown. */
function useReveal(
  projectId: string,
  current: string | null,
  shown: boolean,
  tree: React.RefObject<TreeHandle | null>,
): void {
  const last = useRef<string | null>(null);
  useEffect(() => {
    if (!current || !shown || last.current === current) return;
    last.current = current;
    openWayTo(projectId, current);
    const waiting = requestAnimationFrame(() => tree.current?.reveal(current));
    return () => cancelAnimationFrame(waiting);
  }, [projectId, current, shown, tree]);
}
