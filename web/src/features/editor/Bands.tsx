import { useState } from "react";
import { asApiError } from "@/api/problem";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Band } from "./Band";
import type { OpenDocument } from "./document";
import type { DocumentView } from "./documentView";
import { CannotHold } from "./machine";
import { closeTab, openFile } from "./open";
import { baseName } from "./tabs";

interface BandsProps {
  file: OpenDocument;
  view: DocumentView;
  running: boolean;
}

/** What stands between this text and the machine, the most pressing alone. */
export function Bands(props: BandsProps) {
  const { view, running } = props;
  if (view.state === "changed") return <ChangedBand {...props} />;
  if (view.state === "gone") return <GoneBand {...props} />;
  if (view.refusal) return <RefusedBand {...props} />;
  if (!running && view.phase === "text")
    return (
      <Band shape="ring" tone="text-muted">
        The machine does not run. Go on typing; the text is kept in this browser.
      </Band>
    );
  return null;
}

/** Two versions of one text; the person makes one of them, beside or under this band. */
function ChangedBand({ file, view }: BandsProps) {
  const [busy, setBusy] = useState(false);
  const during = async (work: Promise<unknown>): Promise<void> => {
    setBusy(true);
    await work.catch((error: unknown) => announce(asApiError(error).message));
    setBusy(false);
  };
  const keep = async (): Promise<void> => {
    const path = await file.keepCopy();
    if (!path) return;
    openFile(file.projectId, path);
    announce(`Your text is in ${baseName(path)}.`);
  };
  const readable = view.theirs?.text != null;
  return (
    <Band
      loud
      shape="triangle"
      tone="text-waiting"
      actions={
        <>
          {readable && (
            <Button size="small" kind="primary" busy={busy} onClick={() => void during(file.save(true))}>
              Save merged
            </Button>
          )}
          {readable && (
            <Button size="small" onClick={() => file.takeTheirs()}>
              Take the machine’s
            </Button>
          )}
          <Button size="small" busy={busy} onClick={() => void during(keep())}>
            Keep mine as a copy
          </Button>
        </>
      }
    >
      <strong className="font-medium">Changed in the machine while you edited.</strong>{" "}
      {readable
        ? "Nothing is lost: take what you want of theirs into yours, then save."
        : "There it is no text any more, so it cannot be merged."}
      {view.refusal ? ` ${asApiError(view.refusal).message}` : ""}
    </Band>
  );
}

function GoneBand({ file }: BandsProps) {
  const [refusal, setRefusal] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    const saved = await file.save();
    setRefusal(saved ? null : file.view().refusal);
  };
  return (
    <Band
      loud
      shape="triangle"
      tone="text-waiting"
      actions={
        <>
          <Button size="small" kind="primary" onClick={() => void save()}>
            Save again here
          </Button>
          <Button size="small" onClick={() => closeTab(file.projectId, file.path)}>
            Close
          </Button>
        </>
      }
    >
      <strong className="font-medium">Deleted or moved in the machine.</strong> The text is only here now.
      {refusal ? ` ${asApiError(refusal).message}` : ""}
    </Band>
  );
}

function RefusedBand({ file, view, running }: BandsProps) {
  const { refusal, waiting } = view;
  const again = (
    <Button size="small" onClick={() => void file.save()}>
      Try now
    </Button>
  );
  if (refusal instanceof CannotHold)
    return (
      <Band
        shape="cross"
        tone="text-failed"
        actions={
          <Button size="small" onClick={() => void file.saveAsUtf8()}>
            Save as UTF-8
          </Button>
        }
      >
        Not saved. {refusal.message}
      </Band>
    );
  if (!waiting)
    return (
      <Band shape="cross" tone="text-failed" actions={again}>
        Not saved. {asApiError(refusal).message}
      </Band>
    );
  return (
    <Band shape="triangle" tone="text-waiting animate-breathe" actions={running && again}>
      {running ? asApiError(refusal).message : "The machine does not run."} The text is kept in this browser
      and saved when the machine answers.
    </Band>
  );
}
