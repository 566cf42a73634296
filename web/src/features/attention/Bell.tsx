import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { noticesQuery } from "@/queries/attention";
import { buttonLook } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { listen } from "./listening";

const load = () => import("./NoticePopover");
const NoticePopover = lazy(load);

const LOOK = classes(buttonLook("quiet", "small"), "relative h-7 w-7 px-0 touch:size-10");

/** How much calls for the person; behind it, what. */
export function Bell() {
  const router = useRouter();
  const unread = useQuery(noticesQuery).data?.unread ?? 0;
  const [wanted, setWanted] = useState(false);
  useEffect(() => listen((path) => router.history.push(path)), [router]);
  const label = unread ? plural(unread, "unread notice", "unread notices") : "Notices";
  const near = (): void => void load();
  const button = (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-haspopup="dialog"
      className={LOOK}
      onPointerEnter={near}
      onFocus={near}
      onClick={() => setWanted(true)}
    >
      <BellFace unread={unread} />
    </button>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <NoticePopover label={label} look={LOOK} unread={unread} />
    </Suspense>
  );
}

export function BellFace({ unread }: { unread: number }) {
  return (
    <>
      <Icon name="bell" />
      {unread > 0 && (
        <span
          aria-hidden="true"
          data-number
          className="absolute -top-0.5 left-1/2 ml-0.5 grid h-4 min-w-4 place-items-center rounded-full bg-waiting px-1 text-[0.625rem] leading-none font-semibold text-canvas touch:top-1"
        >
          {unread > 99 ? "99+" : unread}
        </span>
      )}
    </>
  );
}
