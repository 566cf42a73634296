import { useQuery } from "@tanstack/react-query";
import type { Delivery, Webhook } from "@/api/types";
import { deliveriesQuery } from "@/queries/attention";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { plural } from "@/ui/format";
import { Listed } from "@/ui/Listed";
import { type Shape, ShapeMark } from "@/ui/StateMark";
import { Ago, Until } from "@/ui/Time";
import { KINDS } from "./kinds";

/** What was posted to a webhook of late, and how it went. */
export function Deliveries({ webhook, close }: { webhook: Webhook; close: () => void }) {
  const query = useQuery(deliveriesQuery(webhook.id));
  return (
    <Dialog title="Deliveries" close={close} wide>
      <p className="truncate text-muted" title={webhook.url}>
        {webhook.url}
      </p>
      <Listed
        query={query}
        label="Loading deliveries"
        count={3}
        empty={<p>Nothing was posted yet. The next notice will be.</p>}
        className="max-h-[50vh] overflow-auto border-t border-line"
      >
        {(delivery) => <Row key={delivery.id} delivery={delivery} />}
      </Listed>
      <div className="flex justify-end">
        <Button onClick={close}>Close</Button>
      </div>
    </Dialog>
  );
}

const LOOKS: Record<Delivery["state"], { shape: Shape; tone: string; word: string }> = {
  delivered: { shape: "disc", tone: "text-done", word: "delivered" },
  pending: { shape: "half", tone: "text-working", word: "on its way" },
  failed: { shape: "cross", tone: "text-failed", word: "given up" },
};

function Row({ delivery }: { delivery: Delivery }) {
  const { shape, tone, word } = LOOKS[delivery.state];
  const said = [delivery.status && `answered ${delivery.status}`, delivery.error].filter(Boolean).join(": ");
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-3 border-b border-line py-1.5 sm:grid-cols-[7rem_5rem_minmax(0,1fr)_auto]">
      <span className={`flex items-center gap-1.5 ${tone}`}>
        <ShapeMark shape={shape} />
        {word}
      </span>
      <span>{KINDS[delivery.kind].word}</span>
      <span className="order-1 col-span-full min-w-0 break-words text-muted sm:order-none sm:col-span-1">
        {said || plural(delivery.attempts, "try", "tries")}
        {said && delivery.attempts > 1 && ` · ${delivery.attempts} tries`}
        {delivery.next_at && (
          <>
            {" · again "}
            <Until at={delivery.next_at} />
          </>
        )}
      </span>
      <span className="text-muted">
        <Ago at={delivery.delivered_at ?? delivery.created_at} />
      </span>
    </li>
  );
}
