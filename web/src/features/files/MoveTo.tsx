import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Failure } from "@/ui/Failure";
import { plural } from "@/ui/format";
import { namesQuery } from "./names";
import { Picker } from "./Picker";
import { foldersTo, isWithin, movesInto, nameOf, ROOT, typedPath } from "./paths";
import { ranked } from "./rank";

interface MoveToProps {
  projectId: string;
  paths: readonly string[];
  /** Folders the tree knows, which may be empty and so in no file's path. */
  known: readonly string[];
  move: (moves: { from: string; to: string }[]) => void;
  close: () => void;
}

const MOST = 50;

/** What dragging does, by keyboard: a folder is chosen, or a new one typed. */
export default function MoveTo({ projectId, paths, known, move, close }: MoveToProps) {
  const [text, setText] = useState("");
  const names = useQuery(namesQuery(projectId));
  const folders = useMemo(() => {
    const all = new Set([ROOT, ...known, ...(names.data ?? []).flatMap(foldersTo)]);
    return [...all].filter((folder) => movesInto(paths, folder).length > 0).sort();
  }, [known, names.data, paths]);
  const found = useMemo(
    () => (text.trim() ? ranked(folders, text).map(({ path }) => path) : folders).slice(0, MOST),
    [folders, text],
  );
  const typed = typedPath(text);
  const isNew =
    typed !== null &&
    typed !== ROOT &&
    !folders.includes(typed) &&
    !paths.some((path) => isWithin(typed, path));
  const choices = [
    ...found.map((path) => ({
      id: path,
      icon: "folder" as const,
      face: <span className="truncate">{path}</span>,
      hint: path === ROOT ? "the project" : undefined,
    })),
    ...(isNew
      ? [
          {
            id: typed,
            icon: "plus" as const,
            face: <span className="truncate">{typed}</span>,
            hint: "new folder",
          },
        ]
      : []),
  ];
  const choose = (folder: string): void => {
    close();
    move(movesInto(paths, folder));
  };
  const [only] = paths;
  const what = paths.length === 1 && only ? nameOf(only) : plural(paths.length, "thing", "things");
  return (
    <Picker
      label={`Folder to move ${what} to`}
      title={`Move ${what} to`}
      placeholder="Find a folder, or type a new one"
      text={text}
      setText={setText}
      choices={choices}
      choose={choose}
      close={close}
      empty={
        names.error ? (
          <Failure error={names.error} retry={() => void names.refetch()} />
        ) : (
          "No folder is called so."
        )
      }
    />
  );
}
