import { useState } from "react";
import type { CreateAgentToken, CreatedAgentToken } from "@/api/types";
import { useCreateAgentToken } from "@/queries/access";
import { Button } from "@/ui/Button";
import { Choice, Choices } from "@/ui/Choice";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field, INPUT_LOOK } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { expiry, Lifetime } from "@/ui/Lifetime";

const FIELDS = ["name", "public_key"] as const;

interface AddProps {
  projectId: string;
  close: () => void;
  created: (token: CreatedAgentToken) => void;
}

/** Lets a key pair in: one that is made for it, or one the person has. */
export function AddKeyPair({ projectId, close, created }: AddProps) {
  const create = useCreateAgentToken(projectId);
  const [own, setOwn] = useState(false);
  const errors = fieldErrors(create.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { name, days, public_key } = formValues(event.currentTarget, "name", "days", "public_key");
    const body: CreateAgentToken = { name, expires_at: expiry(days) };
    const done = (made: CreatedAgentToken): void => {
      close();
      created(made);
    };
    create.mutate(own ? { ...body, public_key } : body, { onSuccess: done });
  };
  return (
    <Dialog title="Let a key in" close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Name"
          name="name"
          maxLength={64}
          autoComplete="off"
          autoFocus
          placeholder="laptop"
          hint="Where the private key will be."
          error={errors.name}
        />
        <Choices legend="Key pair">
          <Choice
            type="radio"
            name="whose"
            checked={!own}
            onChange={() => setOwn(false)}
            note="The private key is shown once and kept nowhere."
          >
            Make a new pair
          </Choice>
          <Choice
            type="radio"
            name="whose"
            checked={own}
            onChange={() => setOwn(true)}
            note="The private key never leaves your computer."
          >
            Use a public key of mine
          </Choice>
        </Choices>
        {own && <PublicKey error={errors.public_key} />}
        <Lifetime />
        <FailureLine error={unshown(create.error, own ? FIELDS : ["name"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={create.isPending}>
            {own ? "Let it in" : "Make key pair"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function PublicKey({ error }: { error: string | undefined }) {
  return (
    <div className="grid gap-1">
      <label htmlFor="public-key" className="font-medium">
        Public key
      </label>
      <textarea
        id="public-key"
        name="public_key"
        rows={4}
        maxLength={16_384}
        spellCheck={false}
        autoComplete="off"
        placeholder="ssh-ed25519 AAAA… ada@laptop"
        aria-invalid={error ? true : undefined}
        aria-describedby="public-key-note"
        className={`${INPUT_LOOK} h-auto touch:h-auto resize-none py-1.5 font-mono text-12 break-all`}
      />
      <p id="public-key-note" className={error ? "text-12 text-failed" : "text-12 text-muted"}>
        {error ?? "What stands in ~/.ssh/id_ed25519.pub, for example. RSA from 3072 bits on."}
      </p>
    </div>
  );
}
