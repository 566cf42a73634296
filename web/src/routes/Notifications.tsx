import { useQuery } from "@tanstack/react-query";
import type { AttentionSettings } from "@/api/types";
import { KindChoices } from "@/features/attention/KindChoices";
import { QuietHours } from "@/features/attention/QuietHours";
import { ThisBrowser } from "@/features/attention/ThisBrowser";
import { Webhooks } from "@/features/attention/Webhooks";
import { attentionQuery, useUpdateAttention } from "@/queries/attention";
import { configQuery, useMe } from "@/queries/me";
import { Choice, Choices } from "@/ui/Choice";
import { Failure, FailureLine } from "@/ui/Failure";
import { Panel } from "@/ui/Panel";
import { SkeletonRows } from "@/ui/Skeleton";
import { useTitle } from "@/ui/title";

/** How a person wants to be called when something needs them. */
export function Notifications() {
  useTitle("Notifications");
  const query = useQuery(attentionQuery);
  return (
    <>
      <h1 className="sr-only">Notifications</h1>
      <Panel title="Notifications" lead="When a run needs you and no page of yours is looking at it.">
        {query.isPending && <SkeletonRows count={4} label="Loading settings" />}
        {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
        {query.data && <Ways settings={query.data} />}
      </Panel>
      {query.data && <QuietHours settings={query.data} />}
      <Webhooks />
    </>
  );
}

function Ways({ settings }: { settings: AttentionSettings }) {
  const update = useUpdateAttention();
  const email = useMe()?.email;
  const mails = useQuery(configQuery).data?.features.smtp;
  return (
    <div className="-mt-1 grid gap-5">
      <ThisBrowser settings={settings} />
      <div className="grid gap-x-10 gap-y-5 sm:grid-cols-2">
        <Choices legend="How" className="content-start">
          <Choice
            checked={settings.sound}
            onChange={(event) => update.mutate({ sound: event.target.checked })}
            note="Two soft tones, while a page of aether is open."
          >
            Sound
          </Choice>
          <Choice
            checked={settings.push}
            onChange={(event) => update.mutate({ push: event.target.checked })}
            note="In every browser where they are turned on."
          >
            Notifications
          </Choice>
          <Choice
            checked={settings.mail}
            disabled={mails === false && !settings.mail}
            onChange={(event) => update.mutate({ mail: event.target.checked })}
            note={mails === false ? "This server sends no mail: SMTP_URL is not set." : `To ${email}.`}
          >
            Mail
          </Choice>
        </Choices>
        <KindChoices legend="About what" kinds={settings.kinds} set={(kinds) => update.mutate({ kinds })} />
      </div>
      <FailureLine error={update.error} />
    </div>
  );
}
