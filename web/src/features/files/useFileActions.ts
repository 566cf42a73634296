import { useCallback, useState } from "react";
import { asApiError } from "@/api/problem";
import * as editor from "@/features/editor/open";
import { type Move, useCreateEntry, useMoveEntries, useRemoveEntries } from "@/queries/files";
import { announce } from "@/ui/announce";
import { plural } from "@/ui/format";
import { moveOpenFolders, openWayTo, setOpen } from "./openFolders";
import { join, nameOf, outermost, typedPath } from "./paths";
import type { Draft } from "./tree";

export interface FileActions {
  create: (draft: Draft, name: string) => void;
  move: (moves: readonly Move[]) => void;
  remove: (paths: readonly string[], done: () => void) => void;
  busy: boolean;
  /** The refusal of what was done last. */
  error: unknown;
  /** Moves that were refused because something stands where they lead. */
  clash: readonly Move[] | null;
  dismiss: () => void;
}

/** What is done with files and folders; open tabs and open folders follow. `went` is told where the moved ones are. */
export function useFileActions(
  projectId: string,
  made: (path: string) => void,
  went: (moves: readonly Move[]) => void,
): FileActions {
  const creating = useCreateEntry(projectId);
  const moving = useMoveEntries(projectId);
  const removing = useRemoveEntries(projectId);
  const [clash, setClash] = useState<readonly Move[] | null>(null);

  const create = ({ folder, kind }: Draft, name: string): void => {
    const path = typedPath(join(folder, name));
    if (!path) return;
    creating.mutate({ path, kind }, { onSuccess: () => created(path, kind) });
  };
  const created = (path: string, kind: Draft["kind"]): void => {
    announce(`${nameOf(path)} was created.`);
    openWayTo(projectId, path);
    made(path);
    if (kind === "file") editor.openFile(projectId, path);
    else setOpen(projectId, path, true);
  };

  const move = (moves: readonly Move[]): void => {
    setClash(null);
    if (!moves.length) return;
    moving.mutate([...moves], {
      onSuccess: () => moved(moves),
      onError: (error) => {
        if (!isClash(error)) return;
        moving.reset();
        setClash(moves);
      },
    });
  };
  const moved = (moves: readonly Move[]): void => {
    for (const { from, to } of moves) {
      editor.moved(projectId, from, to);
      moveOpenFolders(projectId, from, to);
    }
    went(moves);
    const [first] = moves;
    announce(moves.length === 1 && first ? `${nameOf(first.to)} was moved.` : `${moves.length} were moved.`);
  };

  const remove = (paths: readonly string[], done: () => void): void => {
    const all = outermost(paths);
    removing.mutate(all, {
      onSuccess: () => {
        for (const path of all) editor.deleted(projectId, path);
        announce(
          all.length === 1
            ? `${nameOf(all[0] ?? "")} was deleted.`
            : `${plural(all.length, "was", "were")} deleted.`,
        );
        done();
      },
    });
  };

  const { reset: forgetCreate } = creating;
  const { reset: forgetMove } = moving;
  const { reset: forgetRemove } = removing;
  const dismiss = useCallback(() => {
    setClash(null);
    forgetCreate();
    forgetMove();
    forgetRemove();
  }, [forgetCreate, forgetMove, forgetRemove]);

  return {
    create,
    move,
    remove,
    busy: moving.isPending || removing.isPending || creating.isPending,
    error: creating.error ?? moving.error ?? removing.error,
    clash,
    dismiss,
  };
}

function isClash(error: unknown): boolean {
  const failure = asApiError(error);
  return failure.status === 409 && failure.problem.type.endsWith("exists");
}
