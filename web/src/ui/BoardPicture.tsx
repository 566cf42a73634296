import type { ReactNode } from "react";
import { StateMark } from "./StateMark";

const ROWS = [
  {
    status: "running",
    name: "api-server",
    source: "acme/api-server",
    doing: "stops in 24 min · awake: typing",
  },
  { status: "starting", name: "web", source: "acme/web", doing: "Cloning: receiving objects 62 %" },
  { status: "stopped", name: "playground", source: "empty", doing: "stopped 3 h ago" },
] as const;

/** A still picture of the product, drawn with its own parts so that it is never out of date. */
export function BoardPicture() {
  return (
    <div
      role="img"
      aria-label="The projects page above a terminal in which tests pass"
      className="overflow-hidden rounded-md border border-edge bg-surface shadow-[0_24px_60px_-24px_var(--shadow)]"
    >
      <div aria-hidden="true">
        <div className="flex h-9 items-center gap-3 border-b border-line px-4">
          <span className="font-medium">All projects</span>
          <span className="ml-auto hidden text-12 text-muted sm:inline">1 running</span>
          <span className="text-12 text-muted">Ctrl K</span>
        </div>
        {ROWS.map((row) => (
          <div
            key={row.name}
            className="grid h-9 grid-cols-[5.5rem_1fr] items-center gap-4 border-b border-line px-4 sm:grid-cols-[5.5rem_9rem_1fr_1.4fr]"
          >
            <StateMark status={row.status} />
            <span className="truncate font-medium">{row.name}</span>
            <span className="hidden truncate text-muted sm:inline">{row.source}</span>
            <span className="hidden truncate text-muted sm:inline">{row.doing}</span>
          </div>
        ))}
        <pre className="overflow-hidden bg-screen px-4 py-3.5 font-mono text-12 leading-5">
          <Prompt>git switch -c retry-budget</Prompt>
          {"\nSwitched to a new branch 'retry-budget'\n"}
          <Prompt>pytest -q</Prompt>
          {"\n"}
          <span className="text-muted">........................................................</span>
          {"\n"}
          <span className="text-done">214 passed</span> in 6.41s{"\n"}
          <Prompt>
            <span className="inline-block h-3.5 w-2 translate-y-0.5 bg-accent" />
          </Prompt>
        </pre>
      </div>
    </div>
  );
}

function Prompt({ children }: { children: ReactNode }) {
  return (
    <>
      <span className="text-done">dev@api-server</span>
      <span className="text-muted">:</span>
      <span className="text-working">~/workspace</span>
      <span className="text-muted">$ </span>
      {children}
    </>
  );
}
