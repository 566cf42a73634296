import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Port } from "@/api/types";
import { portsQuery } from "@/queries/ports";
import { announce } from "@/ui/announce";
import { buttonLook, IconButton } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { ShapeMark } from "@/ui/StateMark";
import { appeared } from "./words";

const STAYS_MS = 20_000;

interface NoticeProps {
  projectId: string;
  running: boolean;
  /** The list of ports is in sight, and shows it better. */
  quiet: boolean;
}

/** Says quietly that something new listens, with the way to it. Goes by itself, but not from under a pointer. */
export default function PortNotice({ projectId, running, quiet }: NoticeProps) {
  const { data } = useQuery({ ...portsQuery(projectId), enabled: running });
  const [news, setNews] = useState<Port | null>(null);
  const [held, setHeld] = useState(false);
  const before = useRef<Port[] | undefined>(undefined);

  useEffect(() => {
    const fresh = before.current && data ? appeared(before.current, data).at(-1) : undefined;
    before.current = data;
    if (!fresh?.url) return;
    setNews(fresh);
    announce(`Port ${fresh.port} is open${fresh.process ? `, ${fresh.process} listens there` : ""}.`);
  }, [data]);

  const gone = news && !data?.some((port) => port.port === news.port && port.listening);
  useEffect(() => {
    if (!news || held) return;
    const timer = setTimeout(() => setNews(null), gone ? 0 : STAYS_MS);
    return () => clearTimeout(timer);
  }, [news, held, gone]);

  if (!news?.url || gone || quiet) return null;
  return (
    <section
      aria-label="New port"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className="absolute right-3 bottom-3 z-20 flex max-w-full animate-appear items-center gap-2 rounded-md border border-edge bg-surface py-1.5 pr-1.5 pl-3 shadow-[0_12px_32px_var(--shadow)] max-md:bottom-16"
    >
      <ShapeMark shape="disc" className="text-done" />
      <p className="min-w-0 truncate">
        {news.process || "Something"} listens on <span className="font-mono font-medium">{news.port}</span>
      </p>
      <a
        href={news.url}
        target="_blank"
        rel="noreferrer"
        onClick={() => setNews(null)}
        className={buttonLook("plain", "small")}
      >
        Open
        <Icon name="away" className="size-3.5" />
      </a>
      <IconButton label="Dismiss" onClick={() => setNews(null)}>
        <Icon name="close" />
      </IconButton>
    </section>
  );
}
