import type { ReactNode } from "react";
import { Icon, Mark } from "./Icon";
import { ShapeMark, StateMark } from "./StateMark";

const ROWS = [
  { status: "running", name: "api-server", doing: "stops in 24 min · awake: output" },
  { status: "starting", name: "web", doing: "Cloning: receiving objects 62 %" },
  { status: "running", name: "docs", doing: "stops in 8 min" },
  { status: "stopped", name: "playground", doing: "stopped 3 h ago" },
] as const;

const WINDOW =
  "flex min-w-0 flex-col overflow-hidden rounded-md border border-edge shadow-[0_24px_60px_-24px_var(--shadow)]";
const BAR = "flex h-10 shrink-0 items-center gap-2 border-b border-line bg-surface px-3";

/** A still picture of the product, drawn with its own parts so that it is never out of date. */
export function BoardPicture() {
  return (
    <div
      role="img"
      aria-label="The list of projects, and beside it the terminal of one in which a coding agent has worked and the tests pass"
    >
      <div aria-hidden="true" className="grid gap-4 select-none lg:grid-cols-[22rem_minmax(0,1fr)]">
        <Projects />
        <Terminal />
      </div>
    </div>
  );
}

function Projects() {
  return (
    <div className={`${WINDOW} bg-canvas`}>
      <div className={BAR}>
        <Mark />
        <span className="font-medium">All projects</span>
        <span className="ml-auto flex items-center gap-1.5 text-12 text-muted">
          2 running <ShapeMark shape="disc" className="text-done" />
        </span>
      </div>
      {ROWS.map((row) => (
        <div key={row.name} className="grid gap-0.5 border-b border-line px-4 py-2.5 last:border-b-0">
          <span className="text-14 font-medium">{row.name}</span>
          <span className="flex min-w-0 items-center gap-3">
            <StateMark status={row.status} />
            <span className="truncate text-muted">{row.doing}</span>
          </span>
        </div>
      ))}
    </div>
  );
}

function Terminal() {
  return (
    <div className={`${WINDOW} bg-screen`}>
      <div className={BAR}>
        <Mark />
        <span className="font-semibold">api-server</span>
        <StateMark status="running" />
        <span className="hidden truncate text-12 text-muted sm:inline">stops in 24 min · awake: output</span>
      </div>
      <div className="flex h-9 shrink-0 items-stretch border-b border-line bg-canvas">
        <span className="flex items-center border-r border-line bg-screen px-3 shadow-[inset_0_2px_0_var(--accent)]">
          agent
        </span>
        <span className="flex items-center border-r border-line px-3 text-muted">server</span>
        <Icon name="plus" className="ml-2 size-4 self-center text-muted" />
        <span className="ml-auto flex items-center gap-1.5 px-3 text-12 text-muted">
          12 ms <ShapeMark shape="disc" className="size-2 text-done" />
        </span>
      </div>
      <pre className="min-h-0 flex-1 overflow-hidden px-3 py-2.5 font-mono text-12 leading-5 break-all whitespace-pre-wrap">
        <Prompt>{'codex exec "Give every client a retry budget"'}</Prompt>
        <Prompt>git diff --stat</Prompt>
        {" src/client.py | 14 "}
        <span className="text-done">++++++++</span>
        <span className="text-failed">---</span>
        {"\n src/retry.py  | 48 "}
        <span className="text-done">++++++++++++++++++++</span>
        {"\n 2 files changed, 59 insertions(+), 3 deletions(-)\n"}
        <Prompt>pytest -q</Prompt>
        <span className="text-muted">....................................</span>
        {"\n"}
        <span className="text-done">214 passed</span>
        {" in 6.41s\n"}
        <Prompt end="">
          <span className="inline-block h-3.5 w-2 translate-y-0.5 bg-accent" />
        </Prompt>
      </pre>
    </div>
  );
}

function Prompt({ children, end = "\n" }: { children: ReactNode; end?: string }) {
  return (
    <>
      <span className="text-muted">api-server </span>
      <span className="text-working">~/workspace</span>
      <span className="text-muted"> $ </span>
      {children}
      {end}
    </>
  );
}
