import { lazy, Suspense, useEffect } from "react";
import type { Terminal } from "@/api/types";
import { classes } from "@/ui/classes";
import type { LinkView } from "./connection";
import { KeyBar } from "./KeyBar";
import { LinkLine } from "./LinkLine";
import type { TerminalScreen } from "./screen";
import { type PaneEvents, useLink, useScreen } from "./useScreen";

const FindBar = lazy(() => import("./FindBar"));

export interface PaneProps extends PaneEvents {
  terminal: Terminal;
  label: string;
  shown: boolean;
  /** The screen and its connection, for the parts of the page outside of the pane. */
  onLink: (link: LinkView | null, screen: TerminalScreen | null) => void;
  onNew: (() => void) | undefined;
  onDismiss: () => void;
}

/** One terminal. It stays there, hidden, while another tab is shown, so that nothing of it is lost. */
export function TerminalPane({ terminal, label, shown, onLink, onNew, onDismiss, ...events }: PaneProps) {
  const { place, screen, sticky, finding, setFinding } = useScreen(terminal.id, shown, events);
  const link = useLink(screen);

  useEffect(() => {
    if (shown) onLink(link, screen);
  }, [shown, link, screen, onLink]);

  const endFind = (): void => {
    setFinding(false);
    screen?.endFind();
    screen?.focus();
  };

  return (
    <div
      id={`panel-${terminal.id}`}
      role="tabpanel"
      aria-label={label}
      className={classes("absolute inset-0 flex flex-col bg-screen", !shown && "invisible")}
    >
      <div className="relative min-h-0 flex-1 overflow-hidden">
        <div
          ref={place}
          data-terminal
          data-testid={shown ? "terminal-screen" : undefined}
          className="absolute inset-y-1 left-3 right-1"
        />
        <Suspense>{finding && screen && <FindBar screen={screen} close={endFind} />}</Suspense>
      </div>
      {link && <LinkLine link={link} screen={screen} onNew={onNew} onDismiss={onDismiss} />}
      {screen && link?.phase !== "ended" && <KeyBar screen={screen} sticky={sticky} />}
    </div>
  );
}
