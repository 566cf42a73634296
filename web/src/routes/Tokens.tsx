import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { CreatedToken, Token } from "@/api/types";
import { tokensQuery, useCreateToken, useRevokeToken } from "@/queries/account";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { day } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { expiry, Lifetime } from "@/ui/Lifetime";
import { Listed } from "@/ui/Listed";
import { Panel } from "@/ui/Panel";
import { SecretLine } from "@/ui/Secret";
import { Ago } from "@/ui/Time";
import { useTitle } from "@/ui/title";

export function Tokens() {
  useTitle("Tokens");
  const query = useQuery(tokensQuery);
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<CreatedToken | null>(null);
  return (
    <>
      <h1 className="sr-only">Tokens</h1>
      <Panel
        title="Access tokens"
        lead="For the aether command and for scripts. A token can do what you can."
        end={
          <Button onClick={() => setCreating(true)} icon={<Icon name="plus" className="size-3.5" />}>
            Create token
          </Button>
        }
      >
        <Listed query={query} label="Loading tokens" count={2} empty={<Empty />}>
          {(token) => <Row key={token.id} token={token} />}
        </Listed>
      </Panel>
      {creating && <CreateToken close={() => setCreating(false)} created={setCreated} />}
      {created && <Secret token={created} close={() => setCreated(null)} />}
    </>
  );
}

function Empty() {
  return (
    <p className="text-muted">
      No tokens yet.{" "}
      <code className="rounded-md bg-raised px-2 py-1 font-mono text-12 text-text">aether login</code> makes
      one for the computer it runs on.
    </p>
  );
}

function Row({ token }: { token: Token }) {
  const revoke = useRevokeToken();
  const [asked, setAsked] = useState(false);
  return (
    <li className="flex items-center gap-3 border-b border-line py-2.5">
      <Icon name="key" className="size-4 text-muted" />
      <div className="grid min-w-0 flex-1">
        <span className="truncate font-medium">
          {token.name}
          {token.last4 && (
            <span className="ml-2 font-mono text-12 font-normal text-muted">…{token.last4}</span>
          )}
        </span>
        <span className="truncate text-muted">
          {token.last_used_at ? (
            <>
              used <Ago at={token.last_used_at} />
            </>
          ) : (
            "never used"
          )}
          {" · "}
          {token.expires_at ? `until ${day(token.expires_at)}` : "does not expire"}
        </span>
      </div>
      <Button size="small" onClick={() => setAsked(true)} aria-label={`Revoke ${token.name}`}>
        Revoke
      </Button>
      {asked && (
        <Confirm
          title={`Revoke ${token.name}?`}
          verb="Revoke token"
          busy={revoke.isPending}
          error={revoke.error}
          confirm={() => revoke.mutate(token.id)}
          close={() => setAsked(false)}
        >
          What uses it is signed out, and its open terminals close within seconds.
        </Confirm>
      )}
    </li>
  );
}

function CreateToken({ close, created }: { close: () => void; created: (token: CreatedToken) => void }) {
  const create = useCreateToken();
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { name, days } = formValues(event.currentTarget, "name", "days");
    const shown = (token: CreatedToken): void => {
      close();
      created(token);
    };
    create.mutate({ name, expires_at: expiry(days) }, { onSuccess: shown });
  };
  return (
    <Dialog title="Create token" close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Name"
          name="name"
          maxLength={64}
          autoComplete="off"
          autoFocus
          hint="Where it will be used."
          error={fieldErrors(create.error).name}
        />
        <Lifetime />
        <FailureLine error={unshown(create.error, ["name"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={create.isPending}>
            Create token
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The only time the secret is seen. */
function Secret({ token, close }: { token: CreatedToken; close: () => void }) {
  return (
    <Dialog title={`Token ${token.name}`} close={close} wide>
      <p className="text-muted">Copy it now. It is not shown again.</p>
      <SecretLine label="Token secret" secret={token.secret} />
      <div className="flex justify-end">
        <Button kind="primary" onClick={close}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
