import type { Terminal } from "@/api/types";
import { useCloseTerminal } from "@/queries/terminals";
import { Confirm } from "@/ui/Dialog";

interface CloseProps {
  terminal: Terminal;
  close: () => void;
  /** After it has ended. */
  done: () => void;
}

export default function CloseTerminal({ terminal, close, done }: CloseProps) {
  const ending = useCloseTerminal();
  const confirm = (): void =>
    ending.mutate(terminal, {
      onSuccess: () => {
        done();
        close();
      },
    });
  return (
    <Confirm
      title="Close this terminal?"
      verb="Close terminal"
      busy={ending.isPending}
      error={ending.error}
      confirm={confirm}
      close={close}
    >
      What runs in it ends. {terminal.recorded ? "Its recording stays." : ""}
    </Confirm>
  );
}
