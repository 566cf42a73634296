import { Skeleton } from "@/ui/Skeleton";

const LINES = ["w-56", "w-72", "w-36", "w-64", "w-48"];

/** A file that is on its way; `bare` where its bar is there already. */
export function PaneSkeleton({ bare }: { bare?: boolean }) {
  return (
    <div role="status" aria-label="Opening the file" className="flex min-h-0 flex-1 flex-col bg-screen">
      {!bare && (
        <div className="flex h-8 items-center border-b border-line px-3 touch:h-11">
          <Skeleton className="w-40" />
        </div>
      )}
      <div className="grid content-start gap-3 p-4 pl-14">
        {LINES.map((width) => (
          <Skeleton key={width} className={width} />
        ))}
      </div>
    </div>
  );
}
