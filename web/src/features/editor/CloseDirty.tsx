import { useEffect, useState, useSyncExternalStore } from "react";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { documentOf } from "./documents";
import { closeTab } from "./open";
import { baseName } from "./tabs";

interface CloseProps {
  projectId: string;
  path: string;
  done: () => void;
}

/** Asks what to do with a text that is nowhere else. */
export default function CloseDirty({ projectId, path, done }: CloseProps) {
  const file = documentOf(projectId, path);
  const { state, refusal } = useSyncExternalStore(file.subscribe, file.view);
  const [saving, setSaving] = useState(false);
  useEffect(() => void file.open(), [file]);
  const close = (): void => {
    closeTab(projectId, path);
    done();
  };
  const save = async (): Promise<void> => {
    setSaving(true);
    const saved = await file.save();
    setSaving(false);
    if (saved) close();
  };
  const both = state === "changed";
  return (
    <Dialog title={`Close ${baseName(path)} without saving?`} close={done}>
      <p className="text-muted">
        {both
          ? "It has changed in the machine as well. What you typed is only here."
          : "What you typed since it was last saved is only here."}
      </p>
      <FailureLine error={saving ? null : refusal} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button kind="quiet" onClick={done}>
          {both ? "Go back and merge" : "Cancel"}
        </Button>
        <Button kind="danger" onClick={close}>
          Discard
        </Button>
        {!both && (
          <Button kind="primary" busy={saving} onClick={() => void save()}>
            Save and close
          </Button>
        )}
      </div>
    </Dialog>
  );
}
