import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { openFile } from "@/features/editor/open";
import type { Found, Search } from "@/queries/files";
import { announce } from "@/ui/announce";
import { classes } from "@/ui/classes";
import { Failure } from "@/ui/Failure";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { useTouch } from "@/ui/media";
import { folderOf, nameOf, ROOT } from "./paths";
import { parts, type SearchRow, searchRows } from "./search";
import { type Searched, useSearchLines } from "./useSearch";

interface PanelProps {
  projectId: string;
  running: boolean;
  /** Grows each time the search is asked for by a key. */
  asked: number;
  leave: () => void;
}

const EMPTY: Search = { q: "", regex: false, matchCase: false, word: false, glob: "" };
const kept = new Map<string, Search>();

/** Every line that holds some words, as they are found. */
export function SearchPanel({ projectId, running, asked, leave }: PanelProps) {
  const [search, setSearch] = useState<Search>(() => kept.get(projectId) ?? EMPTY);
  const [shut, setShut] = useState<ReadonlySet<string>>(new Set());
  const [again, setAgain] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const searched = useSearchLines(projectId, search, running, again);
  const rows = useMemo(() => searchRows(searched.files, shut), [searched.files, shut]);
  const change = (part: Partial<Search>): void => {
    const next = { ...search, ...part };
    kept.set(projectId, next);
    setSearch(next);
  };
  const toggle = (path: string): void => {
    const next = new Set(shut);
    if (!next.delete(path)) next.add(path);
    setShut(next);
  };
  useEffect(() => {
    // However often it is asked for, the words that are there are ready to be typed over.
    if (asked >= 0) input.current?.select();
  }, [asked]);
  return (
    <search className="flex min-h-0 flex-1 flex-col">
      <Fields search={search} change={change} input={input} enter={() => setAgain(again + 1)} leave={leave} />
      <Standing search={search} searched={searched} running={running} />
      {searched.error ? (
        <div className="px-3">
          <Failure error={searched.error} retry={() => setAgain(again + 1)} />
        </div>
      ) : (
        <Results
          rows={rows}
          toggle={toggle}
          open={(match) =>
            openFile(projectId, match.path, { line: match.line, column: match.column, length: match.length })
          }
        />
      )}
    </search>
  );
}

interface FieldsProps {
  search: Search;
  change: (part: Partial<Search>) => void;
  input: React.RefObject<HTMLInputElement | null>;
  enter: () => void;
  leave: () => void;
}

const FIELD =
  "h-7 w-full rounded-md border border-edge bg-surface px-2 text-text outline-none focus-visible:border-accent touch:h-10 touch:text-16";

function Fields({ search, change, input, enter, leave }: FieldsProps) {
  const press = (event: React.KeyboardEvent): void => {
    if (event.key === "Enter") enter();
    else if (event.key === "Escape") leave();
    else if (event.key === "ArrowDown")
      document.querySelector<HTMLElement>("[data-found] [tabindex='0']")?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div className="grid gap-1.5 border-b border-line p-2">
      <div className="relative">
        <input
          ref={input}
          aria-label="Search in files"
          placeholder="Search"
          value={search.q}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => change({ q: event.target.value })}
          onKeyDown={press}
          className={`${FIELD} pr-20 touch:pr-32`}
        />
        <div className="absolute inset-y-0 right-0.5 flex items-center gap-px">
          <Toggle
            label="Match case"
            face="Aa"
            on={search.matchCase}
            set={(matchCase) => change({ matchCase })}
          />
          <Toggle label="Whole words" face="ab" under on={search.word} set={(word) => change({ word })} />
          <Toggle label="Regular expression" face=".*" on={search.regex} set={(regex) => change({ regex })} />
        </div>
      </div>
      <input
        aria-label="Only in files like"
        placeholder="Only in files like *.ts"
        value={search.glob}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => change({ glob: event.target.value })}
        onKeyDown={press}
        className={FIELD}
      />
    </div>
  );
}

type ToggleProps = { label: string; face: string; under?: boolean; on: boolean; set: (on: boolean) => void };

function Toggle({ label, face, under, on, set }: ToggleProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={on}
      onClick={() => set(!on)}
      className={classes(
        "grid h-5.5 w-6 place-items-center rounded-md font-mono text-12 text-muted hover:bg-raised hover:text-text aria-pressed:bg-accent-soft aria-pressed:text-accent touch:size-9",
        under && "underline underline-offset-2",
      )}
    >
      {face}
    </button>
  );
}

/** How the search stands, in one line that is always there, so that nothing jumps. */
function Standing({ search, searched, running }: { search: Search; searched: Searched; running: boolean }) {
  const words = standing(search, searched, running);
  const { end } = searched;
  useEffect(() => {
    if (end) announce(`${plural(end.matches, "match", "matches")} in ${plural(end.files, "file", "files")}.`);
  }, [end]);
  return (
    <p
      className="flex h-7 shrink-0 items-center gap-2 border-b border-line px-3 text-12 text-muted"
      data-number
    >
      <span className={classes("truncate", searched.running && "animate-breathe")}>{words}</span>
    </p>
  );
}

function standing(search: Search, { files, end, running: busy, error }: Searched, running: boolean): string {
  if (!running) return "The machine does not run.";
  if (!search.q) return "Searches what git does not ignore.";
  const matches = files.reduce((sum, file) => sum + file.matches.length, 0);
  if (error) return "The search ended early.";
  if (busy || !end) return matches ? `${matches} so far` : "Searching";
  if (!end.matches) return "Nothing matches.";
  const found = `${plural(end.matches, "match", "matches")} in ${plural(end.files, "file", "files")}`;
  return end.truncated ? `The first ${found}. Narrow it down to see the rest.` : found;
}

interface ResultsProps {
  rows: readonly SearchRow[];
  toggle: (path: string) => void;
  open: (match: Found) => void;
}

function Results({ rows, toggle, open }: ResultsProps) {
  const place = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const active = Math.min(at, rows.length - 1);
  const height = useTouch() ? 40 : 28;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => height,
    overscan: 10,
  });
  const go = (next: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, next));
    setAt(to);
    virtual.scrollToIndex(to);
    requestAnimationFrame(() => place.current?.querySelector<HTMLElement>(`[data-at="${to}"]`)?.focus());
  };
  const act = (row: SearchRow | undefined): void => {
    if (row?.kind === "file") toggle(row.path);
    else if (row) open(row.match);
  };
  const press = (event: React.KeyboardEvent): void => {
    const row = rows[active];
    if (event.key === "ArrowDown") go(active + 1);
    else if (event.key === "ArrowUp") go(active - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(rows.length - 1);
    else if (event.key === "Enter" || event.key === " ") act(row);
    else if (event.key === "ArrowLeft" && row?.kind === "file" && !row.shut) toggle(row.path);
    else if (event.key === "ArrowRight" && row?.kind === "file" && row.shut) toggle(row.path);
    else if (event.key === "ArrowLeft" && row)
      go(rows.findIndex((other) => other.kind === "file" && other.path === row.path));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={place}
      role="tree"
      aria-label="Matches"
      data-found
      onKeyDown={press}
      className="min-h-0 flex-1 overflow-auto"
    >
      <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys for its rows.
            <div
              key={index}
              data-at={index}
              role="treeitem"
              aria-level={row.kind === "file" ? 1 : 2}
              aria-expanded={row.kind === "file" ? !row.shut : undefined}
              aria-selected={index === active}
              tabIndex={index === active ? 0 : -1}
              onClick={() => {
                setAt(index);
                act(row);
              }}
              style={{ transform: `translateY(${start}px)`, height }}
              className="absolute inset-x-0 top-0 flex cursor-pointer items-center gap-1.5 pr-2 -outline-offset-2 hover:bg-raised aria-selected:bg-raised"
            >
              {row.kind === "file" ? <FileLine row={row} /> : <MatchLine match={row.match} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function FileLine({ row }: { row: Extract<SearchRow, { kind: "file" }> }) {
  const folder = folderOf(row.path);
  return (
    <>
      <Icon name="right" className={classes("ml-1.5 size-3.5 text-muted", !row.shut && "rotate-90")} />
      <span className="shrink-0 truncate font-medium">{nameOf(row.path)}</span>
      <span className="min-w-0 flex-1 truncate text-12 text-muted">
        {folder === ROOT ? "" : folder.slice(1)}
      </span>
      <span className="text-12 text-muted" data-number>
        {row.count}
      </span>
    </>
  );
}

function MatchLine({ match }: { match: Found }) {
  const { before, hit, after } = parts(match);
  return (
    <>
      <span className="w-10 shrink-0 text-right text-12 text-muted" data-number>
        {match.line}
      </span>
      <span className="min-w-0 flex-1 truncate font-mono text-12 whitespace-pre" title={match.text.trim()}>
        {before}
        <mark className="bg-waiting-soft font-semibold text-text">{hit}</mark>
        {after}
      </span>
    </>
  );
}
