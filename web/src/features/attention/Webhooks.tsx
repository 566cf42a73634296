import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { CreatedWebhook, Webhook } from "@/api/types";
import { useDeleteWebhook, webhooksQuery } from "@/queries/attention";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { Listed } from "@/ui/Listed";
import { MenuButton } from "@/ui/MenuButton";
import { Panel } from "@/ui/Panel";
import { SecretLine } from "@/ui/Secret";
import { ShapeMark } from "@/ui/StateMark";
import { Ago } from "@/ui/Time";
import { AddWebhook } from "./AddWebhook";
import { Deliveries } from "./Deliveries";
import { kindsWords } from "./kinds";

/** Where notices are posted. */
export function Webhooks() {
  const query = useQuery(webhooksQuery);
  const [adding, setAdding] = useState(false);
  const [created, setCreated] = useState<CreatedWebhook | null>(null);
  return (
    <Panel
      title="Webhooks"
      lead="Notices posted to an address of yours, signed as Standard Webhooks says."
      end={
        <Button onClick={() => setAdding(true)} icon={<Icon name="plus" className="size-3.5" />}>
          Add webhook
        </Button>
      }
    >
      <Listed query={query} label="Loading webhooks" count={1} empty={<Empty />}>
        {(webhook) => <Row key={webhook.id} webhook={webhook} />}
      </Listed>
      {adding && <AddWebhook close={() => setAdding(false)} created={setCreated} />}
      {created && <Secret created={created} close={() => setCreated(null)} />}
    </Panel>
  );
}

function Empty() {
  return (
    <p className="max-w-prose text-muted">
      No webhooks yet. With one, a question of an agent can reach your chat or your own scripts.
    </p>
  );
}

function Row({ webhook }: { webhook: Webhook }) {
  const remove = useDeleteWebhook();
  const [shown, setShown] = useState<"log" | "delete" | null>(null);
  const close = (): void => setShown(null);
  const deleted = (): void => {
    announce("The webhook was deleted.");
    close();
  };
  return (
    <li className="flex items-center gap-3 border-b border-line py-2.5">
      <Icon name="link" className="size-4 text-muted" />
      <div className="grid min-w-0 flex-1">
        <span className="truncate font-medium" title={webhook.url}>
          {webhook.url.replace(/^https:\/\//, "")}
        </span>
        <span className="text-muted">
          {webhook.failing_since && (
            <>
              <span className="text-failed">
                <ShapeMark shape="cross" className="mr-1.5 inline" />
                failing since <Ago at={webhook.failing_since} />
              </span>
              {" · "}
            </>
          )}
          {kindsWords(webhook.kinds)}
        </span>
      </div>
      <Button
        size="small"
        className="max-sm:hidden"
        onClick={() => setShown("log")}
        aria-label={`Deliveries to ${webhook.url}`}
      >
        Deliveries
      </Button>
      <MenuButton
        label={`Menu of ${webhook.url}`}
        entries={[
          { icon: "changes", text: "Deliveries", run: () => setShown("log") },
          "line",
          { icon: "trash", text: "Delete webhook", danger: true, run: () => setShown("delete") },
        ]}
      />
      {shown === "log" && <Deliveries webhook={webhook} close={close} />}
      {shown === "delete" && (
        <Confirm
          title="Delete this webhook?"
          verb="Delete webhook"
          busy={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(webhook.id, { onSuccess: deleted })}
          close={close}
        >
          Nothing more is posted to <span className="break-all text-text">{webhook.url}</span>, and its log
          goes with it.
        </Confirm>
      )}
    </li>
  );
}

/** The only time the secret is seen. */
function Secret({ created, close }: { created: CreatedWebhook; close: () => void }) {
  return (
    <Dialog title="Secret of the webhook" close={close} wide>
      <p className="text-muted">
        Each delivery is signed with it (HMAC-SHA256, header{" "}
        <code className="font-mono text-text">webhook-signature</code>). Copy it now: it is not shown again.
      </p>
      <SecretLine label="Webhook secret" secret={created.secret} />
      <div className="flex justify-end">
        <Button kind="primary" onClick={close}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
