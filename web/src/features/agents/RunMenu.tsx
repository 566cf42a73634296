import { useNavigate } from "@tanstack/react-router";
import type { Project, Run } from "@/api/types";
import { MenuButton } from "@/ui/MenuButton";
import { showChanges, showTerminal } from "./places";
import { useAsk } from "./RunDialogs";

interface RunMenuProps {
  run: Run;
  project: Project | undefined;
  /** Absent where no text is taken. */
  message: (() => void) | undefined;
  dismiss: () => void;
}

/** Everything that can be done with a run. */
export function RunMenu({ run, project, message, dismiss }: RunMenuProps) {
  const navigate = useNavigate();
  const ask = useAsk();
  const ended = run.ended_at !== null;
  return (
    <MenuButton
      label={`Menu of ${run.agent_title} in ${project?.name ?? "a project"}`}
      entries={[
        message !== undefined && {
          icon: "pen",
          text: "Message",
          hint: "r",
          // The menu has the focus until it has closed.
          run: () => void requestAnimationFrame(message),
        },
        run.terminal_id !== null && {
          icon: "terminal",
          text: "Open terminal",
          run: () => showTerminal(navigate, run),
        },
        { icon: "changes", text: "Show changes", run: () => showChanges(navigate, run) },
        "line",
        ended && { icon: "again", text: "Start again", run: () => ask({ run, what: "again" }) },
        ended && { icon: "check", text: "Dismiss", hint: "x", run: dismiss },
        !ended && { icon: "stop", text: "Stop", danger: true, run: () => ask({ run, what: "stop" }) },
      ]}
    />
  );
}
