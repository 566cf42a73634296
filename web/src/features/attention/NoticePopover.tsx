import { Popover } from "@base-ui/react/popover";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import type { Notice, Notices } from "@/api/types";
import { noticesQuery, useReadNotices } from "@/queries/attention";
import { projectsQuery } from "@/queries/projects";
import { Button, buttonLook } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Failure, FailureLine } from "@/ui/Failure";
import { SkeletonRows } from "@/ui/Skeleton";
import { ShapeMark } from "@/ui/StateMark";
import { Ago } from "@/ui/Time";
import { BellFace } from "./Bell";
import { KINDS } from "./kinds";

interface PopoverProps {
  label: string;
  look: string;
  unread: number;
}

/** The notices of late, under the bell. Opens at once: it is loaded because it was asked for. */
export default function NoticePopover({ label, look, unread }: PopoverProps) {
  const [open, setOpen] = useState(true);
  const close = (): void => setOpen(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger aria-label={label} title={label} className={look}>
        <BellFace unread={unread} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner align="end" sideOffset={6} collisionPadding={8} className="z-50 outline-none">
          <Popover.Popup
            aria-label="Notices"
            className="flex max-h-[min(32rem,calc(100dvh-72px))] w-96 max-w-[calc(100vw-16px)] animate-appear flex-col overflow-hidden rounded-md border border-edge bg-surface shadow-[0_12px_32px_var(--shadow)] outline-none"
          >
            <List close={close} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function List({ close }: { close: () => void }) {
  const query = useQuery(noticesQuery);
  const read = useReadNotices();
  const known = query.data;
  return (
    <>
      <div className="flex h-10 shrink-0 items-center justify-between gap-2 border-b border-line pr-1.5 pl-3">
        <h2 className="font-semibold">Notices</h2>
        <span className="flex items-center gap-1">
          {known && known.unread > 0 && (
            <Button kind="quiet" size="small" busy={read.isPending} onClick={() => read.mutate(null)}>
              Mark all read
            </Button>
          )}
          <Link to="/settings/notifications" onClick={close} className={buttonLook("quiet", "small")}>
            Settings
          </Link>
        </span>
      </div>
      <FailureLine error={read.error} />
      {query.isPending && <SkeletonRows count={3} label="Loading notices" />}
      {query.error && !known && (
        <div className="px-3">
          <Failure error={query.error} retry={() => void query.refetch()} />
        </div>
      )}
      {known && <Rows notices={known} read={(id) => read.mutate([id])} close={close} />}
    </>
  );
}

interface RowsProps {
  notices: Notices;
  read: (id: string) => void;
  close: () => void;
}

function Rows({ notices, read, close }: RowsProps) {
  if (!notices.items.length)
    return (
      <p className="px-3 py-6 text-center text-muted text-balance">
        Nothing has called for you. Questions of your agents come here.
      </p>
    );
  return (
    <ul className="min-h-0 overflow-auto">
      {notices.items.map((notice) => (
        <Row key={notice.id} notice={notice} read={read} close={close} />
      ))}
    </ul>
  );
}

function Row({ notice, read, close }: { notice: Notice } & Omit<RowsProps, "notices">) {
  const router = useRouter();
  const projects = useQuery(projectsQuery).data;
  const project = projects?.find(({ id }) => id === notice.project_id)?.name;
  const { shape, tone, word } = KINDS[notice.kind];
  const go = (event: React.MouseEvent): void => {
    if (!notice.read_at) read(notice.id);
    // A press that asks for another tab or window is the browser's.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    close();
    router.history.push(notice.path);
  };
  return (
    <li className="border-b border-line last:border-0">
      <a
        href={notice.path}
        onClick={go}
        className={classes(
          "grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-2.5 px-3 py-2 -outline-offset-2 hover:bg-raised",
          Boolean(notice.read_at) && "text-muted",
        )}
      >
        <ShapeMark shape={shape} className={classes("mt-[5px]", tone)} />
        <span className={classes("min-w-0 break-words", !notice.read_at && "font-medium")}>
          {notice.title}
        </span>
        {!notice.read_at && (
          <span className="mt-1.5 size-2 rounded-full bg-accent">
            <span className="sr-only">unread</span>
          </span>
        )}
        {notice.body && (
          <span className="col-start-2 line-clamp-3 break-words whitespace-pre-line">{notice.body}</span>
        )}
        <span className="col-start-2 text-12 text-muted">
          <span className={tone}>{word}</span>
          {project && ` · ${project}`}
          {" · "}
          <Ago at={notice.created_at} />
        </span>
      </a>
    </li>
  );
}
