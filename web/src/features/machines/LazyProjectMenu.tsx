import { type ComponentProps, lazy, Suspense } from "react";

const Menu = lazy(() => import("./ProjectMenu"));

/** The menu of a project in the place it takes, which is kept for it: what a page says is there before it. */
export function ProjectMenu(props: ComponentProps<typeof Menu>) {
  return (
    <Suspense fallback={<span className="h-6 w-7 shrink-0 touch:h-9 touch:w-10" />}>
      <Menu {...props} />
    </Suspense>
  );
}
