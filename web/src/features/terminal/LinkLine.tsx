import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "@/ui/Button";
import { until } from "@/ui/format";
import { useNow } from "@/ui/now";
import { type Shape, ShapeMark } from "@/ui/StateMark";
import { bytes } from "@/ui/sizes";
import type { LinkView } from "./connection";
import type { TerminalScreen } from "./screen";

interface LineProps {
  link: LinkView;
  screen: TerminalScreen | null;
  /** Absent where no terminal can be opened, because the machine does not run. */
  onNew: (() => void) | undefined;
  onDismiss: () => void;
}

/** What is the matter with the connection, in one line under a screen that stays readable. */
export function LinkLine({ link, screen, onNew, onDismiss }: LineProps) {
  if (link.phase === "ended") return <EndedLine link={link} onNew={onNew} onDismiss={onDismiss} />;
  if (link.lostBytes > 0) return <LostLine link={link} forget={() => screen?.connection.forgetLost()} />;
  if (link.phase === "waiting")
    return <WaitingLine link={link} retry={() => screen?.connection.retryNow()} />;
  if (link.phase === "connecting") return <ConnectingLine link={link} />;
  if (link.right === "watch")
    return <Line shape="ring" tone="text-muted" text="You are watching. Typing is off here." />;
  return null;
}

function ConnectingLine({ link }: { link: LinkView }) {
  const text = link.greeted ? "Reconnecting" : "Connecting";
  return <Line shape="half" tone="text-working animate-breathe" text={`${text}${pending(link)}`} />;
}

function WaitingLine({ link, retry }: { link: LinkView; retry: () => void }) {
  const now = useNow();
  const next =
    link.retryAt && link.retryAt - now > 2_000
      ? `, next try ${until(new Date(link.retryAt).toISOString(), now)}`
      : "";
  return (
    <Line
      shape="triangle"
      tone="text-waiting animate-breathe"
      text={`Connection lost. Reconnecting${next}${pending(link)}`}
    >
      <Button size="small" onClick={retry}>
        Try now
      </Button>
    </Line>
  );
}

function pending(link: LinkView): string {
  return link.pendingBytes ? `. ${bytes(link.pendingBytes)} typed, to be sent` : "";
}

function LostLine({ link, forget }: { link: LinkView; forget: () => void }) {
  const text = `${bytes(link.lostBytes)} typed while disconnected were not sent.`;
  return (
    <Line shape="triangle" tone="text-waiting" text={text}>
      <Button size="small" onClick={forget}>
        Dismiss
      </Button>
    </Line>
  );
}

const ENDINGS = {
  "signed-out": "You are signed out, so this terminal was disconnected. What runs in it goes on.",
  forbidden: "You no longer have access to this terminal.",
  gone: "This terminal has ended.",
} as const;

function EndedLine({ link, onNew, onDismiss }: Omit<LineProps, "screen">) {
  if (link.ended === "signed-out") {
    return (
      <Line shape="cross" tone="text-failed" text={ENDINGS["signed-out"]}>
        <Link
          to="/login"
          search={{ next: location.pathname + location.search }}
          className="text-accent underline"
        >
          Sign in
        </Link>
      </Line>
    );
  }
  const text = link.ended === "exited" ? exited(link.exitCode) : ENDINGS[link.ended ?? "gone"];
  return (
    <Line shape="ring" tone="text-muted" text={link.problem?.detail || text}>
      <Button size="small" onClick={onDismiss}>
        Close tab
      </Button>
      {onNew && (
        <Button size="small" onClick={onNew}>
          New terminal
        </Button>
      )}
    </Line>
  );
}

function exited(code: number | null): string {
  return code ? `The program ended with code ${code}.` : "The program ended.";
}

function Line({
  shape,
  tone,
  text,
  children,
}: {
  shape: Shape;
  tone: string;
  text: string;
  children?: ReactNode;
}) {
  return (
    <div
      role="status"
      className="flex min-h-8 shrink-0 animate-appear flex-wrap items-center gap-2 border-t border-line bg-surface px-3 py-1"
    >
      <ShapeMark shape={shape} className={tone} />
      <span className="min-w-0 flex-1">{text}</span>
      {children}
    </div>
  );
}
