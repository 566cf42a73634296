import type { Move } from "@/queries/files";
import { Confirm } from "@/ui/Dialog";
import { folderOf, nameOf } from "./paths";

interface ReplaceProps {
  moves: readonly Move[];
  busy: boolean;
  confirm: () => void;
  close: () => void;
}

/** Something stands where a move leads. */
export default function ReplaceFiles({ moves, busy, confirm, close }: ReplaceProps) {
  const [first] = moves;
  if (!first) return null;
  const one = moves.length === 1;
  return (
    <Confirm
      title={one ? `Replace ${nameOf(first.to)}?` : "Replace what is there?"}
      verb="Replace"
      busy={busy}
      confirm={confirm}
      close={close}
    >
      {one
        ? `“${nameOf(first.to)}” is in ${folderOf(first.to)} already. It would be lost.`
        : `Some of these names are in ${folderOf(first.to)} already. What is there under them would be lost.`}
    </Confirm>
  );
}
