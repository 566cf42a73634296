import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { answer, api } from "@/api/client";
import { ApiError } from "@/api/problem";
import { onTheme } from "@/ui/theme";
import type { Ended, LinkView } from "./connection";
import { expose } from "./debug";
import type { Sticky } from "./keys";
import { TerminalScreen } from "./screen";
import { useTerminalSettings } from "./settings";

export interface PaneEvents {
  onTitle(title: string): void;
  onBell(): void;
  onLeave(): void;
}

export interface UsedScreen {
  /** Where the screen draws. */
  place: React.RefObject<HTMLDivElement | null>;
  screen: TerminalScreen | null;
  sticky: Sticky;
  finding: boolean;
  setFinding: (on: boolean) => void;
}

/** One screen for as long as the component is there; events may change without a new screen. */
export function useScreen(terminalId: string, shown: boolean, events: PaneEvents): UsedScreen {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(events);
  const settings = useTerminalSettings();
  const first = useRef(settings);
  const [screen, setScreen] = useState<TerminalScreen | null>(null);
  const [sticky, setSticky] = useState<Sticky>({ ctrl: false, alt: false });
  const [finding, setFinding] = useState(false);

  useEffect(() => {
    latest.current = events;
  });

  useEffect(() => {
    const made = new TerminalScreen({
      ...first.current,
      url: socketUrl(terminalId),
      probe: () => whyRefused(terminalId),
      events: {
        onTitle: (title) => latest.current.onTitle(title),
        onBell: () => latest.current.onBell(),
        onLeave: () => latest.current.onLeave(),
        onFind: () => setFinding(true),
        onSticky: setSticky,
      },
    });
    if (place.current) void made.mount(place.current);
    setScreen(made);
    const forget = [onTheme(() => made.setTheme()), onReturn(() => made.connection.retryNow())];
    return () => {
      for (const stop of forget) stop();
      setScreen(null);
      made.dispose();
    };
  }, [terminalId]);

  useEffect(() => screen?.setScreenReader(settings.screenReader), [screen, settings.screenReader]);
  useEffect(() => screen?.setFontSize(settings.fontSize), [screen, settings.fontSize]);

  useEffect(() => {
    if (!screen) return;
    if (!shown) return screen.hide();
    screen.show();
    return expose(screen);
  }, [screen, shown]);

  return { place, screen, sticky, finding, setFinding };
}

const NO_VIEW = (): null => null;
const NO_SUBSCRIPTION = (): (() => void) => () => {};

export function useLink(screen: TerminalScreen | null): LinkView | null {
  const connection = screen?.connection;
  return useSyncExternalStore<LinkView | null>(
    connection?.subscribe ?? NO_SUBSCRIPTION,
    connection?.view ?? NO_VIEW,
  );
}

function socketUrl(terminalId: string): string {
  return `${location.origin.replace(/^http/, "ws")}/stream/terminal/${encodeURIComponent(terminalId)}`;
}

/** A refused WebSocket hides its reason; the API tells it. Null means: try again. */
async function whyRefused(terminalId: string): Promise<Ended | null> {
  try {
    const params = { path: { terminal_id: terminalId } };
    const terminal = await answer(api.GET("/api/terminals/{terminal_id}", { params }));
    return terminal.state === "closed" ? "gone" : null;
  } catch (error) {
    if (!(error instanceof ApiError)) return null;
    if (error.status === 401) return "signed-out";
    return error.status === 404 ? "gone" : null;
  }
}

/** When the network or the person comes back. */
function onReturn(back: () => void): () => void {
  const seen = (): void => {
    if (!document.hidden) back();
  };
  window.addEventListener("online", back);
  document.addEventListener("visibilitychange", seen);
  return () => {
    window.removeEventListener("online", back);
    document.removeEventListener("visibilitychange", seen);
  };
}
