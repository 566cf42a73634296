import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { asApiError } from "@/api/problem";
import type { Entry } from "@/api/types";
import { folderQuery } from "@/queries/files";
import { gitStatusQuery } from "@/queries/git";
import { keys } from "@/queries/keys";
import { type Change, useWatched } from "@/queries/watch";
import { type Marks, marksOf, NO_MARKS } from "./marks";
import { setOpen, useOpenFolders } from "./openFolders";
import { foldersTo, ROOT } from "./paths";
import { Refresher } from "./refresher";
import { useFileSettings } from "./settings";
import { type Draft, type Inside, type Row, rowsOf, sorted } from "./tree";

const MOST_WATCHED = 400;

export interface UsedTree {
  rows: readonly Row[];
  /** The root: what stands in place of the whole tree while it is not there. */
  root: Inside;
  marks: Marks;
  draft: Draft | null;
  setDraft: (draft: Draft | null) => void;
  refresh: (folder?: string) => void;
  /** The known names in a folder, hidden ones too. */
  namesIn: (folder: string) => ReadonlySet<string>;
}

/** The tree of a project as far as it is open, kept fresh while it is shown and the machine runs. */
export function useTree(projectId: string, running: boolean, shown: boolean): UsedTree {
  const [draft, setDraft] = useState<Draft | null>(null);
  const { hidden } = useFileSettings();
  const open = useOpenFolders(projectId);
  const folders = useMemo(() => reachable(open), [open]);
  const results = useFolders(projectId, folders, running);
  const marks = useMarks(projectId, running);
  const { touch, touchAll } = useRefresh(projectId);
  const watched = useMemo(() => folders.slice(0, MOST_WATCHED), [folders]);

  useWatched(projectId, running && shown, { folders: watched }, (change: Change) => {
    if (change.lost) touchAll();
    else for (const { path } of change.folders) touch(path);
  });

  useForgetGone(projectId, results);

  const rows = useMemo(() => {
    const inside = (folder: string): Inside => {
      const known = results.get(folder) ?? "loading";
      return typeof known === "object" && "items" in known
        ? { items: sortedOnce(known.items, hidden) }
        : known;
    };
    return rowsOf({ inside, open, draft });
  }, [results, open, draft, hidden]);

  const namesIn = (folder: string): ReadonlySet<string> => {
    const inside = results.get(folder);
    const items = typeof inside === "object" && "items" in inside ? inside.items : [];
    return new Set(items.map(({ name }) => name));
  };

  const root = results.get(ROOT) ?? "loading";
  const refresh = (folder?: string): void => (folder ? touch(folder) : touchAll());
  return { rows, root, marks, draft, setDraft, refresh, namesIn };
}

/** The open folders all of whose parents are open too: what nobody sees need not be asked for. */
function reachable(open: ReadonlySet<string>): string[] {
  const seen = [...open].filter((path) => foldersTo(path).every((folder) => open.has(folder)));
  return [ROOT, ...seen.sort()];
}

type Insides = ReadonlyMap<string, Inside>;

function useFolders(projectId: string, folders: readonly string[], enabled: boolean): Insides {
  const results = useQueries({
    queries: folders.map((path) => ({ ...folderQuery(projectId, path), enabled })),
  });
  const known = useRef<Insides>(new Map());
  const next = new Map(
    folders.map((path, at): [string, Inside] => {
      const result = results[at];
      if (result?.data) return [path, sameInside(known.current.get(path), result.data)];
      return [path, result?.error ? { error: result.error } : "loading"];
    }),
  );
  // The same answers are the same map, so that rows are not made anew for nothing.
  if (!isSameMap(known.current, next)) known.current = next;
  return known.current;
}

/** A folder that is no more stands open no longer. */
function useForgetGone(projectId: string, results: Insides): void {
  useEffect(() => {
    for (const [folder, inside] of results) {
      const error = typeof inside === "object" && "error" in inside ? asApiError(inside.error) : null;
      if (folder !== ROOT && error?.status === 404) setOpen(projectId, folder, false);
    }
  }, [projectId, results]);
}

function sameInside(before: Inside | undefined, items: Entry[]): Inside {
  return typeof before === "object" && "items" in before && before.items === items ? before : { items };
}

function isSameMap(a: Insides, b: Insides): boolean {
  if (a.size !== b.size) return false;
  for (const [path, inside] of b) {
    const before = a.get(path);
    const sameError =
      typeof before === "object" && typeof inside === "object" && "error" in before && "error" in inside
        ? before.error === inside.error
        : false;
    if (before !== inside && !sameError) return false;
  }
  return true;
}

const sortings = new WeakMap<readonly Entry[], { hidden: boolean; items: Entry[] }>();

/** Sorting thousands by how people count takes a while, and a list seldom changes. */
function sortedOnce(items: readonly Entry[], hidden: boolean): Entry[] {
  const known = sortings.get(items);
  if (known?.hidden === hidden) return known.items;
  const made = sorted(items, hidden);
  sortings.set(items, { hidden, items: made });
  return made;
}

function useMarks(projectId: string, running: boolean): Marks {
  const { data } = useQuery({ ...gitStatusQuery(projectId), enabled: running });
  return useMemo(() => (data?.repository ? marksOf(data.items) : NO_MARKS), [data]);
}

const STATUS_PAUSE_MS = 1_000;

function useRefresh(projectId: string): { touch: (folder: string) => void; touchAll: () => void } {
  const cache = useQueryClient();
  const [made] = useState(() => {
    const ask = (path: string) =>
      cache.refetchQueries({ queryKey: keys.folder(projectId, path), exact: true, type: "active" });
    const status = () => cache.invalidateQueries({ queryKey: keys.gitStatus(projectId) });
    const folders = new Refresher(ask);
    const git = new Refresher(status, STATUS_PAUSE_MS);
    const all = () => cache.invalidateQueries({ queryKey: keys.folders(projectId) });
    return {
      touch: (folder: string) => {
        folders.touch(folder);
        git.touch("status");
      },
      touchAll: () => {
        void all();
        git.touch("status");
      },
    };
  });
  return made;
}
