import { Button, IconButton } from "@/ui/Button";
import { Failure, FailureLine } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { Skeleton } from "@/ui/Skeleton";
import type { TreeActs } from "./FileTree";
import { ROOT } from "./paths";
import type { UsedTree } from "./useTree";

interface BodyProps {
  tree: UsedTree;
  running: boolean;
  create: () => void;
  upload: () => void;
  drop: TreeActs["drop"];
  children: React.ReactNode;
}

/** The tree, or what stands in its place: not there yet, refused, or a project without files. */
export function TreeBody({ tree, running, create, upload, drop, children }: BodyProps) {
  const { root, rows, draft } = tree;
  if (root === "loading" && running) return <TreeSkeleton />;
  if (typeof root === "object" && "error" in root) {
    return (
      <div className="overflow-auto px-3">
        <Failure error={root.error} title="The files could not be listed" retry={() => tree.refresh()} />
      </div>
    );
  }
  const empty = rows.length === 1 && rows[0]?.kind === "empty" && !draft;
  if (empty) return <NoFiles create={create} upload={upload} drop={drop} />;
  return children;
}

function TreeSkeleton() {
  const widths = ["w-20", "w-28", "w-16", "w-24", "w-32", "w-20"];
  return (
    <div role="status" aria-label="Loading the files">
      {widths.map((width, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity and never move.
        <div key={at} className="flex h-8 items-center gap-2.5 pl-7 touch:h-10">
          <Skeleton className="w-4" />
          <Skeleton className={width} />
        </div>
      ))}
    </div>
  );
}

function NoFiles({ create, upload, drop }: Pick<BodyProps, "create" | "upload" | "drop">) {
  return (
    <section
      aria-label="No files"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        drop(ROOT, event.dataTransfer);
      }}
      className="grid flex-1 content-start justify-items-start gap-3 px-3 py-6"
    >
      <p className="text-muted">
        Nothing is here yet. Make a file, drop some here, or clone a repository in the terminal.
      </p>
      <div className="flex flex-wrap gap-2">
        <Button size="small" onClick={create} icon={<Icon name="plus" className="size-3.5" />}>
          New file
        </Button>
        <Button size="small" onClick={upload} icon={<Icon name="upload" className="size-3.5" />}>
          Upload files
        </Button>
      </div>
    </section>
  );
}

/** What was refused last, over the tree. */
export function Refusal({ error, dismiss }: { error: unknown; dismiss: () => void }) {
  return (
    <div className="flex items-start gap-1 border-b border-line p-1.5">
      <div className="min-w-0 flex-1">
        <FailureLine error={error} />
      </div>
      <IconButton label="Dismiss" onClick={dismiss}>
        <Icon name="close" />
      </IconButton>
    </div>
  );
}
