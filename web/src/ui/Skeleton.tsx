import { classes } from "./classes";

/** The place of text that is not there yet, as wide as the text will be. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={classes("block h-3 animate-breathe rounded-md bg-raised", className)}
    />
  );
}

/** Rows of a list that is not there yet, in the height of the real ones. */
export function SkeletonRows({ count = 4, label }: { count?: number; label: string }) {
  const widths = ["w-40", "w-28", "w-48", "w-32", "w-36"];
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: count }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity and never move.
        <div key={at} className="flex h-10 items-center gap-4 border-b border-line px-4 touch:h-12">
          <Skeleton className="w-16" />
          <Skeleton className={widths[at % widths.length] ?? "w-32"} />
        </div>
      ))}
    </div>
  );
}
