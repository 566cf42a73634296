import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { useLinkState } from "@/queries/link";
import { Icon, Mark } from "@/ui/Icon";
import { ShapeMark } from "@/ui/StateMark";
import { openPalette } from "./shortcuts";

const Corner = lazy(() => import("./Corner"));

/** The bar at the top of every page: where one is, what is going on, and the way to everything. */
export function TopBar({ children, end }: { children: ReactNode; end?: ReactNode }) {
  return (
    <>
      <header className="flex h-11 shrink-0 items-center gap-2 border-b border-line bg-surface px-3 touch:h-12">
        <Link
          to="/projects"
          aria-label="aether, all projects"
          className="-ml-1 flex items-center gap-2 rounded-md p-1 font-semibold"
        >
          <Mark />
        </Link>
        <div className="flex min-w-0 flex-1 items-center gap-2">{children}</div>
        {end}
        <button
          type="button"
          onClick={openPalette}
          aria-label="Search"
          aria-keyshortcuts="Control+K Meta+K"
          className="flex h-7 shrink-0 items-center gap-2 rounded-md px-2 text-muted hover:bg-raised hover:text-text touch:h-10"
        >
          <Icon name="search" />
          <kbd className="hidden text-12 md:inline">{/Mac/.test(navigator.platform) ? "⌘K" : "Ctrl K"}</kbd>
        </button>
        <Suspense fallback={<span aria-busy className="w-16 shrink-0 touch:w-22" />}>
          <Corner />
        </Suspense>
      </header>
      <LinkNotice />
    </>
  );
}

/** Stands while events do not come, because what the page shows may be old then. */
function LinkNotice() {
  if (useLinkState() !== "lost") return null;
  return (
    <p
      role="status"
      className="flex items-center gap-2 border-b border-line bg-waiting-soft px-4 py-1 text-12 text-text"
    >
      <ShapeMark shape="triangle" className="animate-breathe text-waiting" />
      Connection lost. What you see may be out of date; reconnecting.
    </p>
  );
}
