import { useState } from "react";
import type { CreatedWebhook, NoticeKind } from "@/api/types";
import { useCreateWebhook } from "@/queries/attention";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { KindChoices } from "./KindChoices";
import { KIND_NAMES } from "./kinds";

interface AddProps {
  close: () => void;
  created: (webhook: CreatedWebhook) => void;
}

export function AddWebhook({ close, created }: AddProps) {
  const create = useCreateWebhook();
  const [kinds, setKinds] = useState<NoticeKind[]>(KIND_NAMES);
  const errors = fieldErrors(create.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { url } = formValues(event.currentTarget, "url");
    const done = (webhook: CreatedWebhook): void => {
      close();
      created(webhook);
    };
    create.mutate({ url, kinds }, { onSuccess: done });
  };
  return (
    <Dialog title="Add webhook" close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Address"
          name="url"
          type="url"
          maxLength={2048}
          autoComplete="off"
          spellCheck={false}
          autoFocus
          placeholder="https://example.com/aether"
          hint="https, and no address of a private network."
          error={errors.url}
        />
        <KindChoices legend="What is posted" kinds={kinds} set={setKinds} />
        <FailureLine error={unshown(create.error, ["url"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={create.isPending} disabled={!kinds.length}>
            Add webhook
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
