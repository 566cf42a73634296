import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { asApiError } from "@/api/problem";
import type { Project, Run } from "@/api/types";
import { useDismissRun } from "@/queries/runActions";
import { announce } from "@/ui/announce";
import { MenuButton } from "@/ui/MenuButton";
import { showChanges, showTerminal } from "./places";
import { takesText } from "./words";

const StopRun = lazy(() => import("./StopRun"));
const StartAgent = lazy(() => import("./StartAgent"));

interface RunMenuProps {
  run: Run;
  project: Project | undefined;
  message: () => void;
}

/** Everything that can be done with a run. */
export function RunMenu({ run, project, message }: RunMenuProps) {
  const navigate = useNavigate();
  const dismiss = useDismissRun(run.id);
  const [asked, setAsked] = useState<"stop" | "again" | null>(null);
  const takeOff = (): void =>
    dismiss.mutate(undefined, { onError: (error) => announce(asApiError(error).message) });
  const close = (): void => setAsked(null);
  return (
    <>
      <MenuButton
        label={`Menu of ${run.agent_title} in ${project?.name ?? "a project"}`}
        entries={[
          takesText(run) && { icon: "pen", text: "Message", hint: "r", run: message },
          run.terminal_id !== null && {
            icon: "terminal",
            text: "Open terminal",
            run: () => showTerminal(navigate, run),
          },
          { icon: "changes", text: "Show changes", run: () => showChanges(navigate, run) },
          "line",
          run.ended_at !== null && { icon: "again", text: "Start again", run: () => setAsked("again") },
          run.ended_at !== null && { icon: "check", text: "Dismiss", hint: "x", run: takeOff },
          run.ended_at === null && { icon: "stop", text: "Stop", danger: true, run: () => setAsked("stop") },
        ]}
      />
      <Suspense>
        {asked === "stop" && <StopRun run={run} close={close} />}
        {asked === "again" && (
          <StartAgent
            projectId={run.project_id}
            first={{ agent: run.agent, prompt: run.prompt, command: run.command, name: run.name }}
            close={close}
          />
        )}
      </Suspense>
    </>
  );
}
