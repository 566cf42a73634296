import {
  closeSearchPanel,
  findNext,
  findPrevious,
  getSearchQuery,
  replaceAll,
  replaceNext,
  SearchQuery,
  setSearchQuery,
} from "@codemirror/search";
import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { Button, IconButton } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { countMatches, type Matches } from "./matches";
import { type Updates, useUpdates } from "./useUpdates";

const INPUT = "h-7 min-w-0 flex-1 bg-transparent px-2 outline-none touch:h-9 touch:text-16";
const COUNT_MS = 80;

type Option = "caseSensitive" | "wholeWord" | "regexp";
const OPTIONS: [Option, string, string][] = [
  ["caseSensitive", "Aa", "Match case"],
  ["wholeWord", "ab", "Whole words"],
  ["regexp", ".*", "Regular expression"],
];

/** Find and replace in the shown file. */
export function FindPanel({ view, updates }: { view: EditorView; updates: Updates }) {
  useUpdates(updates);
  const [query, set] = useQuery(view);
  const [replacing, setReplacing] = useState(false);
  const matches = useMatches(view, query);
  const close = (): void => {
    closeSearchPanel(view);
    view.focus();
  };
  const press = (event: React.KeyboardEvent): void => {
    if (event.key === "Escape") close();
    else if (event.key === "F3" || (event.key === "Enter" && event.target instanceof HTMLInputElement))
      (event.shiftKey ? findPrevious : findNext)(view);
    else return;
    event.preventDefault();
  };
  return (
    <search
      aria-label="Find in file"
      onKeyDown={press}
      className="flex flex-col border-b border-line bg-surface px-2 py-1 font-sans text-13"
    >
      <div className="flex flex-wrap items-center gap-1">
        <IconButton
          label="Replace"
          aria-expanded={replacing}
          onClick={() => setReplacing(!replacing)}
          className="@max-md:hidden"
        >
          <Icon name={replacing ? "down" : "right"} />
        </IconButton>
        <FindInput value={query.search} set={(search) => set({ search })} />
        <Options query={query} set={set} />
        <span role="status" data-number className="min-w-16 text-right text-12 text-muted">
          {query.search ? words(query, matches) : ""}
        </span>
        <IconButton label="Previous match" onClick={() => findPrevious(view)}>
          <Icon name="up" />
        </IconButton>
        <IconButton label="Next match" onClick={() => findNext(view)}>
          <Icon name="down" />
        </IconButton>
        <IconButton label="Close find" onClick={close}>
          <Icon name="close" />
        </IconButton>
      </div>
      {replacing && (
        <div className="flex flex-wrap items-center gap-1 pl-8">
          <input
            aria-label="Replace with"
            placeholder="Replace with"
            value={query.replace}
            onChange={(event) => set({ replace: event.target.value })}
            className={INPUT}
          />
          <Button size="small" onClick={() => replaceNext(view)}>
            Replace
          </Button>
          <Button size="small" onClick={() => replaceAll(view)}>
            Replace all
          </Button>
        </div>
      )}
    </search>
  );
}

/** The query of the editor. It is held here as well, because an input wants back at once what was typed into it. */
function useQuery(view: EditorView): [SearchQuery, (change: Partial<SearchQuery>) => void] {
  const there = getSearchQuery(view.state);
  const [held, setHeld] = useState({ query: there, seen: there });
  // The chord, pressed again, looks for what is selected.
  if (there !== held.seen && !there.eq(held.query)) setHeld({ query: there, seen: there });
  const set = (change: Partial<SearchQuery>): void => {
    const { search, replace, caseSensitive, wholeWord, regexp } = { ...held.query, ...change };
    const query = new SearchQuery({ search, replace, caseSensitive, wholeWord, regexp, literal: true });
    view.dispatch({ effects: setSearchQuery.of(query) });
    setHeld({ query, seen: query });
  };
  return [held.query, set];
}

/** Has the focus and its text chosen when the panel opens. */
function FindInput({ value, set }: { value: string; set: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  return (
    <input
      ref={input}
      // CodeMirror puts the focus here when the chord is pressed again.
      main-field="true"
      aria-label="Find"
      placeholder="Find"
      value={value}
      onChange={(event) => set(event.target.value)}
      className={INPUT}
    />
  );
}

function Options({ query, set }: { query: SearchQuery; set: (change: Partial<SearchQuery>) => void }) {
  return OPTIONS.map(([option, face, label]) => (
    <button
      key={option}
      type="button"
      aria-label={label}
      aria-pressed={query[option]}
      title={label}
      onClick={() => set({ [option]: !query[option] })}
      className={classes(
        "h-6 min-w-6 rounded-md px-1 font-mono text-12 text-muted hover:bg-raised hover:text-text touch:h-9 touch:min-w-9",
        "aria-pressed:bg-accent-soft aria-pressed:text-accent",
      )}
    >
      {face}
    </button>
  ));
}

/** Counted a moment after the last change, because a long file takes one. */
function useMatches(view: EditorView, query: SearchQuery): Matches | null {
  const [matches, setMatches] = useState<Matches | null>(null);
  const { state } = view;
  useEffect(() => {
    const timer = setTimeout(() => setMatches(countMatches(state, query)), COUNT_MS);
    return () => clearTimeout(timer);
  }, [state, query]);
  return matches;
}

function words(query: SearchQuery, matches: Matches | null): string {
  if (!query.valid) return "not a pattern";
  if (!matches) return "";
  if (!matches.count) return "no match";
  const count = matches.more ? `${matches.count}+` : String(matches.count);
  return matches.at ? `${matches.at} of ${count}` : count;
}
