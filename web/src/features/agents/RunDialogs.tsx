import { createContext, lazy, type ReactNode, Suspense, use, useState } from "react";
import type { Run } from "@/api/types";
import { useKeptFocus } from "./useKeptFocus";

const StopRun = lazy(() => import("./StopRun"));
const StartAgent = lazy(() => import("./StartAgent"));

interface Asked {
  run: Run;
  what: "stop" | "again";
}

const Ask = createContext<(asked: Asked) => void>(() => undefined);

/** Opens a dialog about a run. */
export const useAsk = (): ((asked: Asked) => void) => use(Ask);

/** What is asked about a run, outside of its row: that is made anew when the run changes, and would take it along. */
export function RunDialogs({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = (): void => setAsked(null);
  useKeptFocus();
  return (
    <Ask value={setAsked}>
      {children}
      <Suspense>
        {asked?.what === "stop" && <StopRun run={asked.run} close={close} />}
        {asked?.what === "again" && (
          <StartAgent projectId={asked.run.project_id} first={startOf(asked.run)} close={close} />
        )}
      </Suspense>
    </Ask>
  );
}

function startOf({ agent, prompt, command, name }: Run) {
  return { agent, prompt, command, name };
}
