import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { openFile, useOpenFiles } from "@/features/editor/open";
import { Failure } from "@/ui/Failure";
import { namesQuery } from "./names";
import { type Choice, Picker } from "./Picker";
import { folderOf, goalOf, nameOf, ROOT } from "./paths";
import { type Hit, ranked } from "./rank";

const MOST = 60;

/** Any file by a few letters of its path, at a line if one is given. */
export default function QuickOpen({ projectId, close }: { projectId: string; close: () => void }) {
  const [text, setText] = useState("");
  const names = useQuery(namesQuery(projectId));
  const open = useOpenFiles(projectId);
  const goal = goalOf(text);
  const hits = useMemo(
    () =>
      found(
        names.data ?? [],
        open.map(({ path }) => path),
        goal.text,
      ),
    [names.data, open, goal.text],
  );
  const choose = (path: string): void => {
    close();
    openFile(projectId, path, goal.line ? { line: goal.line, column: goal.column } : undefined);
  };
  const isOpen = new Set(open.map(({ path }) => path));
  return (
    <Picker
      label="Go to file"
      placeholder="Go to file, path:line"
      text={text}
      setText={setText}
      choices={hits.map((hit) => choiceOf(hit, isOpen.has(hit.path)))}
      choose={choose}
      close={close}
      empty={<Nothing query={names} text={goal.text} />}
    />
  );
}

/** With nothing typed, what is open comes first. */
function found(names: readonly string[], open: readonly string[], text: string): Hit[] {
  if (text) return ranked(names, text).slice(0, MOST);
  const others = names.filter((path) => !open.includes(path));
  return [...open, ...others].slice(0, MOST).map((path) => ({ path, ranges: [] }));
}

function choiceOf({ path, ranges }: Hit, open: boolean): Choice {
  const from = path.length - nameOf(path).length;
  const folder = folderOf(path);
  return {
    id: path,
    icon: "file",
    face: (
      <>
        <span className="shrink-0 truncate">
          <Letters text={nameOf(path)} from={from} ranges={ranges} />
        </span>
        <span className="truncate text-12 text-muted">
          {folder === ROOT ? "" : <Letters text={folder.slice(1)} from={1} ranges={ranges} />}
        </span>
      </>
    ),
    hint: open ? "open" : undefined,
  };
}

/** A part of a path with the letters that were typed set off. */
function Letters({ text, from, ranges }: { text: string; from: number; ranges: Hit["ranges"] }) {
  const parts: React.ReactNode[] = [];
  let at = 0;
  for (const [start, end] of ranges) {
    const [a, b] = [Math.max(start - from, at), Math.min(end - from, text.length)];
    if (b <= a) continue;
    parts.push(
      text.slice(at, a),
      <b key={a} className="font-semibold text-accent">
        {text.slice(a, b)}
      </b>,
    );
    at = b;
  }
  return (
    <>
      {parts}
      {text.slice(at)}
    </>
  );
}

function Nothing({ query, text }: { query: ReturnType<typeof useQuery<string[]>>; text: string }) {
  if (query.isPending) return <p role="status">Reading the names of the files</p>;
  if (query.error && !query.data) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return (
    <p>{text ? `No file matches “${text}”. What git ignores is left out.` : "There are no files yet."}</p>
  );
}
