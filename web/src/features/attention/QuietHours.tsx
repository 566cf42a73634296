import { useState } from "react";
import type { AttentionSettings } from "@/api/types";
import { useUpdateAttention } from "@/queries/attention";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { FailureLine } from "@/ui/Failure";
import { Field, INPUT_LOOK } from "@/ui/Field";
import { fieldErrors, unshown } from "@/ui/form";
import { useNow } from "@/ui/now";
import { Panel } from "@/ui/Panel";
import { isQuiet } from "./quiet";

const FIELDS = ["quiet_start", "quiet_end", "time_zone"] as const;

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Every zone the browser knows, with those that are in use wherever they come from. */
function zones(known: string): string[] {
  return [...new Set(["UTC", HERE, known, ...Intl.supportedValuesOf("timeZone")])].sort();
}

/** The hours in which nothing leaves aether. */
export function QuietHours({ settings }: { settings: AttentionSettings }) {
  const update = useUpdateAttention();
  const isSet = Boolean(settings.quiet_start && settings.quiet_end);
  const quietNow = isQuiet(settings, new Date(useNow()));
  const [from, setFrom] = useState(settings.quiet_start || "22:00");
  const [until, setUntil] = useState(settings.quiet_end || "07:00");
  const [zone, setZone] = useState(isSet ? settings.time_zone : HERE);
  const errors = fieldErrors(update.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const done = (): void => announce("Quiet hours saved.");
    update.mutate({ quiet_start: from, quiet_end: until, time_zone: zone }, { onSuccess: done });
  };
  const end = (): void =>
    update.mutate({ quiet_start: "", quiet_end: "" }, { onSuccess: () => announce("No quiet hours.") });
  return (
    <Panel
      title="Quiet hours"
      lead="No sound, notification, mail or webhook. The pages still show what calls."
    >
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <div className="grid max-w-xl grid-cols-2 items-start gap-4 sm:grid-cols-[7rem_7rem_minmax(0,1fr)]">
          <Field
            label="From"
            type="time"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
            error={errors.quiet_start}
          />
          <Field
            label="Until"
            type="time"
            value={until}
            onChange={(event) => setUntil(event.target.value)}
            error={errors.quiet_end}
          />
          <label className="col-span-2 grid gap-1 sm:col-span-1">
            <span className="font-medium">Time zone</span>
            <select value={zone} onChange={(event) => setZone(event.target.value)} className={INPUT_LOOK}>
              {zones(settings.time_zone).map((name) => (
                <option key={name} value={name}>
                  {name.replaceAll("_", " ")}
                </option>
              ))}
            </select>
          </label>
        </div>
        <FailureLine error={unshown(update.error, FIELDS)} />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" busy={update.isPending}>
            {isSet ? "Save quiet hours" : "Set quiet hours"}
          </Button>
          {isSet && (
            <Button kind="quiet" onClick={end}>
              Have none
            </Button>
          )}
          <span className="text-muted">
            {isSet
              ? quietNow
                ? `It is quiet now, until ${settings.quiet_end}.`
                : `Every day, ${settings.quiet_start} to ${settings.quiet_end}.`
              : "None are set."}
          </span>
        </div>
      </form>
    </Panel>
  );
}
