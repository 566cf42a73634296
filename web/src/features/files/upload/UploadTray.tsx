import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { announce } from "@/ui/announce";
import { Button, IconButton } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { useTouch } from "@/ui/media";
import { type Shape, ShapeMark } from "@/ui/StateMark";
import { size } from "@/ui/sizes";
import { folderOf, nameOf } from "../paths";
import { chosen } from "./gather";
import type { UploadQueue } from "./queue";
import { uploadsOf, useUploads } from "./uploads";
import type { Upload, UploadsView } from "./view";

/** What is on its way into the project. Stands while there is something to see, and hides nothing. */
export function UploadTray({ projectId, className }: { projectId: string; className?: string }) {
  const view = useUploads(projectId);
  const queue = uploadsOf(projectId);
  const lost = view.items.some(({ state }) => state === "lost");
  const [unfolded, setUnfolded] = useState(lost);
  useSaidUploads(view);
  if (!view.items.length) return null;
  return (
    <section
      aria-label="Uploads"
      className={classes("flex min-h-0 shrink-0 flex-col border-t border-line bg-surface", className)}
    >
      <Head view={view} queue={queue} unfolded={unfolded} unfold={() => setUnfolded(!unfolded)} />
      {view.asking > 0 && <Question count={view.asking} queue={queue} />}
      {lost && (
        <p className="border-t border-line px-3 py-1.5 text-12 text-muted">
          The page was loaded anew. Choose the same file again, and it goes on where it was.
        </p>
      )}
      {unfolded && <List view={view} queue={queue} />}
    </section>
  );
}

interface HeadProps {
  view: UploadsView;
  queue: UploadQueue;
  unfolded: boolean;
  unfold: () => void;
}

function Head({ view, queue, unfolded, unfold }: HeadProps) {
  const part = view.total ? Math.floor((view.sent / view.total) * 100) : 100;
  return (
    <>
      <Bar part={part} idle={!view.open} label="All uploads" />
      <div className="flex h-8 shrink-0 items-center gap-1 pr-1 pl-2 touch:h-11">
        <button
          type="button"
          aria-expanded={unfolded}
          onClick={unfold}
          className="flex min-w-0 flex-1 items-center gap-1.5 rounded-md px-1 text-left hover:text-text"
        >
          <Icon name={unfolded ? "down" : "up"} className="size-3.5 text-muted" />
          <span className="truncate" data-number>
            {view.open > 0 && <span className="sr-only">Uploading </span>}
            {summary(view, part)}
          </span>
        </button>
        {view.open > 0 ? (
          <Button size="small" kind="quiet" aria-label="Cancel all uploads" onClick={() => queue.cancelAll()}>
            Cancel
          </Button>
        ) : (
          <IconButton label="Clear the list of uploads" onClick={() => queue.clear()}>
            <Icon name="close" />
          </IconButton>
        )}
      </div>
    </>
  );
}

function summary(view: UploadsView, part: number): string {
  const done = view.items.filter(({ state }) => state === "done").length;
  const lost = view.items.filter(({ state }) => state === "lost").length;
  const failed = view.failed ? `, ${view.failed} failed` : "";
  if (view.open) return `${done + 1} of ${done + view.open} · ${part} %${failed}`;
  if (lost) return `${plural(lost, "upload", "uploads")} interrupted${failed}`;
  return `${plural(done, "file", "files")} uploaded${failed}`;
}

/** A hairline that fills. */
function Bar({ part, idle, label }: { part: number; idle: boolean; label: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuenow={part}
      aria-valuemin={0}
      aria-valuemax={100}
      className={classes("h-0.5 shrink-0 bg-line", idle && "invisible")}
    >
      <div className="h-full bg-accent" style={{ width: `${part}%` }} />
    </div>
  );
}

function Question({ count, queue }: { count: number; queue: UploadQueue }) {
  return (
    <div role="alert" className="grid gap-2 border-t border-line bg-waiting-soft px-3 py-2">
      <p className="flex items-center gap-2">
        <ShapeMark shape="triangle" className="text-waiting" />
        {count === 1 ? "One is there already." : `${count} are there already.`}
      </p>
      <div className="flex flex-wrap gap-1.5">
        <Button size="small" onClick={() => queue.decide("replace")}>
          {count === 1 ? "Replace" : "Replace all"}
        </Button>
        <Button size="small" onClick={() => queue.decide("keep")}>
          Keep both
        </Button>
        <Button size="small" onClick={() => queue.decide("skip")}>
          Skip
        </Button>
      </div>
    </div>
  );
}

// What needs somebody stands first, what is over last.
const RANKS: Record<Upload["state"], number> = {
  asking: 0,
  failed: 0,
  lost: 0,
  retrying: 1,
  sending: 1,
  paused: 1,
  waiting: 2,
  done: 3,
  skipped: 3,
};

function List({ view, queue }: { view: UploadsView; queue: UploadQueue }) {
  const items = view.items.toSorted((a, b) => RANKS[a.state] - RANKS[b.state] || a.id - b.id);
  const place = useRef<HTMLDivElement>(null);
  const height = useTouch() ? 52 : 44;
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => place.current,
    estimateSize: () => height,
    overscan: 6,
  });
  return (
    <div ref={place} className="max-h-56 min-h-0 overflow-auto border-t border-line">
      <ul aria-label="Every upload" className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const item = items[index];
          return item ? <Line key={key} item={item} queue={queue} top={start} height={height} /> : null;
        })}
      </ul>
    </div>
  );
}

const MARKS: Record<Upload["state"], { shape: Shape; tone: string }> = {
  waiting: { shape: "ring", tone: "text-muted" },
  sending: { shape: "half", tone: "text-working" },
  retrying: { shape: "triangle", tone: "animate-breathe text-waiting" },
  paused: { shape: "ring", tone: "text-muted" },
  asking: { shape: "triangle", tone: "text-waiting" },
  done: { shape: "disc", tone: "text-done" },
  skipped: { shape: "ring", tone: "text-muted" },
  failed: { shape: "cross", tone: "text-failed" },
  lost: { shape: "triangle", tone: "text-waiting" },
};

function Line({
  item,
  queue,
  top,
  height,
}: {
  item: Upload;
  queue: UploadQueue;
  top: number;
  height: number;
}) {
  const { shape, tone } = MARKS[item.state];
  return (
    <li
      style={{ transform: `translateY(${top}px)`, height }}
      className="absolute inset-x-0 top-0 flex items-center gap-2 border-b border-line pr-1 pl-3"
    >
      <ShapeMark shape={shape} className={tone} />
      <div className="min-w-0 flex-1">
        <p className="truncate" title={item.path}>
          {nameOf(item.path)} <span className="text-12 text-muted">{folderOf(item.path)}</span>
        </p>
        <p
          className={classes("truncate text-12", item.state === "failed" ? "text-failed" : "text-muted")}
          title={standing(item)}
          data-number
        >
          {standing(item)}
        </p>
      </div>
      <Acts item={item} queue={queue} />
    </li>
  );
}

function standing(item: Upload): string {
  const part = item.size ? Math.floor((item.sent / item.size) * 100) : 0;
  const far = item.sent ? ` · ${part} % of ${size(item.size)}` : ` · ${size(item.size)}`;
  if (item.state === "sending") return item.folder ? "Making the folder" : `Sending${far}`;
  if (item.state === "retrying") return `Goes on by itself${far}. ${item.fault}`;
  if (item.state === "paused") return `Paused${far}`;
  if (item.state === "asking") return "Is there already";
  if (item.state === "lost") return `Interrupted${far}`;
  if (item.state === "failed") return item.fault;
  if (item.state === "skipped") return "Skipped";
  return item.state === "done" ? `Uploaded · ${size(item.size)}` : `Waiting${far}`;
}

function Acts({ item, queue }: { item: Upload; queue: UploadQueue }) {
  const name = nameOf(item.path);
  const again = item.state === "failed" || item.state === "paused";
  const over = item.state === "done" || item.state === "skipped";
  const running = item.state === "sending" || item.state === "waiting" || item.state === "retrying";
  return (
    <>
      {item.state === "lost" && <Again item={item} queue={queue} />}
      {running && item.pieces && (
        <IconButton label={`Pause ${name}`} onClick={() => queue.pause(item.id)}>
          <Icon name="pause" />
        </IconButton>
      )}
      {again && (
        <IconButton
          label={item.state === "failed" ? `Try ${name} again` : `Go on with ${name}`}
          onClick={() => queue.resume(item.id)}
        >
          <Icon name={item.state === "failed" ? "again" : "play"} />
        </IconButton>
      )}
      {!over && (
        <IconButton label={`Cancel ${name}`} onClick={() => queue.cancel(item.id)}>
          <Icon name="close" />
        </IconButton>
      )}
    </>
  );
}

/** A page may not open a file by itself, so the person hands it over once more. */
function Again({ item, queue }: { item: Upload; queue: UploadQueue }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => queue.add(chosen(event.target.files ?? [], folderOf(item.path)))}
      />
      <Button size="small" onClick={() => input.current?.click()}>
        Choose
      </Button>
    </>
  );
}

/** Says the beginning, the questions and the end, not every file. */
function useSaidUploads(view: UploadsView): void {
  const before = useRef(view);
  useEffect(() => {
    const { open, asking } = before.current;
    before.current = view;
    if (!open && view.open) announce(`Uploading ${plural(view.open, "file", "files")}.`);
    else if (open && !view.open) announce(`${summary(view, 100)}.`);
    else if (!asking && view.asking) announce("Some files are there already. Choose what to do with them.");
  }, [view]);
}
