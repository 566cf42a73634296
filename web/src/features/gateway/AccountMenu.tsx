import { lazy, Suspense, useState } from "react";
import { useMe } from "@/queries/me";
import { classes } from "@/ui/classes";

const Items = lazy(() => import("./AccountMenuItems"));

const LOOK =
  "grid size-7 shrink-0 place-items-center rounded-full border border-edge bg-raised text-12 font-semibold uppercase touch:size-10";

/** The person's initial; the menu behind it is loaded when it is first wanted. */
export function AccountMenu() {
  const me = useMe();
  const [wanted, setWanted] = useState(false);
  const initial = (me?.display_name || me?.email || "?").slice(0, 1);
  const plain = (
    <button
      type="button"
      aria-label="Account"
      aria-haspopup="menu"
      onClick={() => setWanted(true)}
      className={LOOK}
    >
      {initial}
    </button>
  );
  if (!wanted || !me) return plain;
  return (
    <Suspense fallback={plain}>
      <Items me={me} initial={initial} look={classes(LOOK, "aria-expanded:border-accent")} />
    </Suspense>
  );
}
