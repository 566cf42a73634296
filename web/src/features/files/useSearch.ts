import { useEffect, useState } from "react";
import { type Search, type SearchEnd, searchLines } from "@/queries/files";
import { type FoundFile, gathered } from "./search";

export interface Searched {
  files: readonly FoundFile[];
  end: SearchEnd | null;
  running: boolean;
  error: unknown;
}

const TYPING_MS = 220;
const NOTHING: Searched = { files: [], end: null, running: false, error: null };

/** Searches once the typing rests, and gives up the search before it. What was found stands until the next finds. */
export function useSearchLines(projectId: string, search: Search, enabled: boolean, again: number): Searched {
  const [searched, setSearched] = useState<Searched>(NOTHING);
  const key = JSON.stringify({ search, again });
  useEffect(() => {
    const { search: wanted } = JSON.parse(key) as { search: Search };
    if (!enabled || !wanted.q) {
      setSearched(NOTHING);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => void run(projectId, wanted, stop.signal, setSearched), TYPING_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [projectId, enabled, key]);
  return searched;
}

type Put = (next: (before: Searched) => Searched) => void;

async function run(projectId: string, search: Search, signal: AbortSignal, put: Put): Promise<void> {
  let files: FoundFile[] = [];
  put((before) => ({ ...before, running: true, error: null }));
  const show = (more: Partial<Searched>): void => {
    if (!signal.aborted) put(() => ({ files, end: null, running: true, error: null, ...more }));
  };
  try {
    const end = await searchLines(projectId, search, signal, (matches) => {
      files = gathered(files, matches);
      show({});
    });
    show({ end, running: false });
  } catch (error) {
    show({ error, running: false });
  }
}
