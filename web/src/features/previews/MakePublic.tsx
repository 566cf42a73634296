import type { Port } from "@/api/types";
import type { useUpdatePort } from "@/queries/ports";
import { Confirm } from "@/ui/Dialog";
import { portName } from "./words";

interface MakePublicProps {
  port: Port;
  update: ReturnType<typeof useUpdatePort>;
  close: () => void;
}

export default function MakePublic({ port, update, close }: MakePublicProps) {
  return (
    <Confirm
      title={`Make ${portName(port)} public?`}
      verb="Make public"
      busy={update.isPending}
      error={update.error}
      confirm={() => update.mutate({ port: port.port, visibility: "public" }, { onSuccess: close })}
      close={close}
    >
      Anybody who has the link can open what listens on {port.port}, without signing in, for as long as the
      machine runs. What the program shows or allows, it shows and allows to everybody.
    </Confirm>
  );
}
