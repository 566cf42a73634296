import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { ShellHint } from "@/ui/ShellHint";

/** What stands over the projects while no agent has been set to work. */
export function NoRuns({ start, slug }: { start: () => void; slug: string }) {
  return (
    <section
      aria-label="No agent is at work"
      className="grid grid-cols-[minmax(0,1fr)] justify-items-center gap-3 border-b border-line px-4 py-10 text-center"
    >
      <h2 className="text-16 font-semibold tracking-tight">No agent is at work</h2>
      <p className="max-w-prose text-muted text-balance">
        Set one to work in a project. What it does, what it asks and what it costs stands here, and it goes on
        when you close this page.
      </p>
      <Button
        kind="primary"
        onClick={start}
        aria-keyshortcuts="a"
        icon={<Icon name="play" className="size-3.5" />}
      >
        Start an agent
      </Button>
      <ShellHint command={`aether runs start ${slug} claude-code "Fix the failing test"`} />
    </section>
  );
}
