import { useQuery } from "@tanstack/react-query";
import type { Delivery, Webhook } from "@/api/types";
import { deliveriesQuery } from "@/queries/attention";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Failure } from "@/ui/Failure";
import { plural } from "@/ui/format";
import { SkeletonRows } from "@/ui/Skeleton";
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
      {query.isPending && <SkeletonRows count={3} label="Loading deliveries" />}
      {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data?.length === 0 && <p>Nothing was posted yet. The next notice will be.</p>}
      {query.data && query.data.length > 0 && (
        <ul className="max-h-[50vh] overflow-auto border-t border-line">
          {query.data.map((delivery) => (
            <Row key={delivery.id} delivery={delivery} />
          ))}
        </ul>
      )}
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
