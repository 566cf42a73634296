import type { Terminal } from "@/api/types";
import { useRenameTerminal } from "@/queries/terminals";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";

export default function RenameTerminal({ terminal, close }: { terminal: Terminal; close: () => void }) {
  const rename = useRenameTerminal();
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    rename.mutate({ id: terminal.id, ...formValues(event.currentTarget, "name") }, { onSuccess: close });
  };
  return (
    <Dialog title="Rename terminal" close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Name"
          name="name"
          defaultValue={terminal.name}
          maxLength={64}
          autoComplete="off"
          autoFocus
          error={fieldErrors(rename.error).name}
        />
        <FailureLine error={unshown(rename.error, ["name"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={rename.isPending}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
