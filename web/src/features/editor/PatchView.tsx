import { useQuery } from "@tanstack/react-query";
import { memo, useMemo, useState } from "react";
import { gitDiffQuery } from "@/queries/git";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Failure } from "@/ui/Failure";
import { plural } from "@/ui/format";
import { Skeleton } from "@/ui/Skeleton";
import { type Hunk, type PatchLine, patchOf, shortened } from "./patch";
import "./code.css";
import { type Pieces, useColours } from "./useColours";

const MOST_LINES = 400;
const REFRESH_MS = 3_000;

interface PatchProps {
  projectId: string;
  path: string;
  /** The file is still changing under it. */
  running: boolean;
}

/** What one file is against HEAD, line by line. */
export default function PatchView({ projectId, path, running }: PatchProps) {
  const query = useQuery({
    ...gitDiffQuery(projectId, path),
    refetchInterval: running ? REFRESH_MS : false,
  });
  const [whole, setWhole] = useState(false);
  const patch = useMemo(() => patchOf(query.data ?? ""), [query.data]);
  const hunks = useMemo(() => (whole ? patch.hunks : shortened(patch, MOST_LINES)), [patch, whole]);
  const colours = useColours(path, hunks);

  if (query.isPending)
    return (
      <div role="status" aria-label="Reading the change" className="grid gap-2 px-4 py-3">
        <Skeleton className="w-48" />
        <Skeleton className="w-64" />
      </div>
    );
  if (query.error && !query.data)
    return (
      <div className="px-4">
        <Failure error={query.error} retry={() => void query.refetch()} />
      </div>
    );
  if (patch.binary) return <Said>No text: the change cannot be shown line by line.</Said>;
  if (!patch.count) return <Said>Not a line is different: only its mode, its name, or its being there.</Said>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, and must be reached by the keyboard for that. */}
      <div tabIndex={0} className="overflow-x-auto bg-screen -outline-offset-2">
        <div className="w-max min-w-full py-1 font-mono text-12 leading-5 [font-variant-ligatures:none]">
          {hunks.map((hunk) => (
            <HunkView key={keyOf(hunk)} hunk={hunk} colours={colours?.get(hunk)} />
          ))}
        </div>
      </div>
      {!whole && patch.count > MOST_LINES && (
        <p className="flex items-center gap-3 border-t border-line px-4 py-2 text-muted">
          {plural(patch.count - MOST_LINES, "line", "lines")} more
          <Button size="small" onClick={() => setWhole(true)}>
            Show all
          </Button>
        </p>
      )}
    </>
  );
}

function Said({ children }: { children: string }) {
  return <p className="px-4 py-3 text-muted">{children}</p>;
}

/** Hunks of one patch do not share a first line. */
function keyOf({ lines: [first] }: Hunk): string {
  return `${first?.old}:${first?.now}`;
}

const HunkView = memo(function HunkView({ hunk, colours }: { hunk: Hunk; colours: Pieces[] | undefined }) {
  return (
    <>
      {(hunk.skipped > 0 || hunk.around) && (
        <div className="flex items-center gap-3 bg-surface px-3 py-0.5 font-sans text-muted">
          {hunk.skipped > 0 && <span data-number>{plural(hunk.skipped, "line", "lines")} as they were</span>}
          <span className="truncate font-mono">{hunk.around}</span>
        </div>
      )}
      {hunk.lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a hunk are drawn together.
        <Line key={at} line={line} pieces={colours?.[at]} />
      ))}
    </>
  );
});

const LOOKS = {
  same: { row: "", sign: " ", word: "" },
  added: { row: "bg-added", sign: "+", word: "added: " },
  removed: { row: "bg-removed", sign: "−", word: "removed: " },
};

function Line({ line, pieces }: { line: PatchLine; pieces: Pieces | undefined }) {
  const look = LOOKS[line.kind];
  return (
    <div className={classes("flex whitespace-pre", look.row)}>
      <span aria-hidden="true" className="w-10 shrink-0 pr-2 text-right text-muted select-none">
        {line.now ?? line.old}
      </span>
      <span
        aria-hidden="true"
        className={classes(
          "w-4 shrink-0 select-none",
          line.kind === "added" ? "text-done" : line.kind === "removed" ? "text-failed" : "",
        )}
      >
        {look.sign}
      </span>
      {look.word && <span className="sr-only">{look.word}</span>}
      <span className="pr-4">
        {pieces
          ? pieces.map(([text, look], at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line are drawn together.
              <span key={at} className={look}>
                {text}
              </span>
            ))
          : line.text}
        {line.open && <span className="text-muted"> (no line end)</span>}
      </span>
    </div>
  );
}
