import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { Button } from "./Button";
import { FailureLine } from "./Failure";
import { useFocusBack } from "./focusBack";

const BACKDROP = "fixed inset-0 z-40 animate-appear bg-scrim";
const POPUP =
  "fixed left-1/2 top-[12vh] z-50 grid max-h-[80vh] w-[calc(100vw-24px)] max-w-md -translate-x-1/2 gap-4 overflow-auto rounded-md border border-edge bg-surface p-5 shadow-[0_16px_48px_var(--shadow)] outline-none animate-appear";

interface DialogProps {
  title: string;
  close: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** A dialog that is there while it is rendered. Its parent takes it away. */
export function Dialog({ title, close, children, wide }: DialogProps) {
  useFocusBack();
  return (
    <Base.Root open onOpenChange={(open) => !open && close()}>
      <Base.Portal>
        <Base.Backdrop className={BACKDROP} />
        <Base.Popup className={`${POPUP} ${wide ? "max-w-xl" : ""}`}>
          <Base.Title className="text-16 font-semibold">{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

interface ConfirmProps {
  title: string;
  /** What will be lost, in one or two sentences. */
  children: ReactNode;
  /** The verb on the button. */
  verb: string;
  busy: boolean;
  error?: unknown;
  confirm: () => void;
  close: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, children, verb, busy, error, confirm, close }: ConfirmProps) {
  useFocusBack();
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && close()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={BACKDROP} />
        <AlertDialog.Popup className={POPUP}>
          <AlertDialog.Title className="text-16 font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="text-muted" render={<div />}>
            {children}
          </AlertDialog.Description>
          <FailureLine error={error} />
          <div className="flex justify-end gap-2">
            <Button kind="quiet" onClick={close}>
              Cancel
            </Button>
            <Button kind="danger" busy={busy} onClick={confirm}>
              {verb}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
