import type { Run } from "@/api/types";
import { useStopRun } from "@/queries/runActions";
import { Confirm } from "@/ui/Dialog";

export default function StopRun({ run, close }: { run: Run; close: () => void }) {
  const stop = useStopRun(run.id);
  return (
    <Confirm
      title={`Stop ${run.agent_title}`}
      verb="Stop"
      busy={stop.isPending}
      error={stop.error}
      confirm={() => stop.mutate(undefined, { onSuccess: close })}
      close={close}
    >
      It ends in the middle of what it does. What it has written to files stays.
    </Confirm>
  );
}
