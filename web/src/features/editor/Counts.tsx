/** Lines that came and lines that went. */
export function Counts({ added, removed }: { added?: number; removed?: number }) {
  if (added === undefined && removed === undefined) return null;
  return (
    <span data-number className="flex shrink-0 gap-1.5 text-12">
      <span className="sr-only">
        {added ?? 0} lines added, {removed ?? 0} removed
      </span>
      {added ? (
        <span aria-hidden="true" className="text-done">
          +{added}
        </span>
      ) : null}
      {removed ? (
        <span aria-hidden="true" className="text-failed">
          −{removed}
        </span>
      ) : null}
    </span>
  );
}
