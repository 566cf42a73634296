import { Confirm } from "@/ui/Dialog";
import { plural } from "@/ui/format";
import { nameOf } from "./paths";

interface DeleteProps {
  paths: readonly string[];
  folders: boolean;
  busy: boolean;
  error: unknown;
  confirm: () => void;
  close: () => void;
}

const NAMED = 5;

export default function DeleteFiles({ paths, folders, busy, error, confirm, close }: DeleteProps) {
  const [only] = paths;
  const one = paths.length === 1 && only ? nameOf(only) : "";
  return (
    <Confirm
      title={one ? `Delete ${one}?` : `Delete ${paths.length} files and folders?`}
      verb="Delete"
      busy={busy}
      error={error}
      confirm={confirm}
      close={close}
    >
      {!one && (
        <ul className="mb-2 font-mono text-12 text-text">
          {paths.slice(0, NAMED).map((path) => (
            <li key={path} className="truncate">
              {path}
            </li>
          ))}
          {paths.length > NAMED && <li>and {plural(paths.length - NAMED, "other", "others")}</li>}
        </ul>
      )}
      {folders ? "Everything inside goes too. " : ""}
      There is no bin: only what is in a commit can be had back.
    </Confirm>
  );
}
