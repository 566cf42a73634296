import { useBoardKeys } from "@/features/agents/useBoardKeys";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { ShellHint } from "@/ui/ShellHint";

/** The dashboard of somebody who has just come. */
export default function NoProjects({ create }: { create: () => void }) {
  useBoardKeys({ create });
  return (
    <div className="grid flex-1 grid-cols-[minmax(0,1fr)] content-center justify-items-center gap-4 px-4 pt-6 pb-[12vh] text-center">
      <h2 className="text-20 font-semibold tracking-tight">Create your first project</h2>
      <p className="max-w-prose text-muted text-balance">
        A project is one folder of code and the machine that runs it. Agents work in it, several side by side,
        and this page shows which of them needs you.
      </p>
      <Button
        kind="primary"
        size="large"
        onClick={create}
        aria-keyshortcuts="n"
        icon={<Icon name="plus" className="size-3.5" />}
      >
        Create project
      </Button>
      <ShellHint command="aether projects create my-project --repo https://github.com/owner/name.git" />
    </div>
  );
}
