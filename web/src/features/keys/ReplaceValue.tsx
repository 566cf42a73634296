import { useState } from "react";
import type { Key } from "@/api/types";
import { usePutKey } from "@/queries/vendorKeys";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { fieldErrors, unshown } from "@/ui/form";
import { ValueField } from "./KeyForm";

/** Another value for a key: agents have it from their next request on. */
export function ReplaceValue({ known, close }: { known: Key; close: () => void }) {
  const put = usePutKey();
  const [value, setValue] = useState("");
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const done = (): void => {
      announce(`${known.name} has a new value.`);
      close();
    };
    put.mutate({ name: known.name, value: value.trim() }, { onSuccess: done });
  };
  return (
    <Dialog title={`Replace ${known.name}`} close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <p className="text-muted">
          The value ending in <code className="font-mono text-text">{known.last4}</code> is forgotten.
          {known.mode === "brokered"
            ? " Agents at work go on with the new one."
            : " New terminals have the new one; programs that run keep the old one until they end."}
        </p>
        <ValueField
          name={known.name}
          value={value}
          setValue={setValue}
          error={fieldErrors(put.error).value}
        />
        <FailureLine error={unshown(put.error, ["value"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={put.isPending}>
            Replace value
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
