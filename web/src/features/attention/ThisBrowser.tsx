import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { AttentionSettings } from "@/api/types";
import { useUpdateAttention } from "@/queries/attention";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { browserName } from "@/ui/browser";
import { FailureLine } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { ShapeMark } from "@/ui/StateMark";
import { canNotify, type Reach, reach, show, turnOff, turnOn } from "./browser";
import { chime } from "./sound";

const REACH = ["reach"];

/** Whether this browser shows notifications, and the button that changes it. */
export function ThisBrowser({ settings }: { settings: AttentionSettings }) {
  const cache = useQueryClient();
  const update = useUpdateAttention();
  const found = useQuery({ queryKey: REACH, queryFn: reach, enabled: canNotify(), staleTime: 0 }).data;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const change = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (refusal) {
      setError(refusal);
    }
    await cache.invalidateQueries({ queryKey: REACH });
    setBusy(false);
  };
  const on = async (): Promise<void> => {
    const reached = await turnOn(settings.push_public_key);
    if (reached !== "none" && !settings.push) update.mutate({ push: true });
  };
  const isOn = found === "push" || found === "page";
  return (
    <div className="grid gap-2 border-b border-line pb-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Icon name="screen" className="size-4 text-muted" />
        <div className="grid min-w-48 flex-1">
          <span className="font-medium">{browserName(navigator.userAgent)}, this browser</span>
          <Standing found={found} hasKey={settings.push_public_key !== null} />
        </div>
        <span className="flex gap-2">
          {isOn && (
            <Button size="small" onClick={() => void change(tryOut)}>
              Try it
            </Button>
          )}
          {canNotify() &&
            (found === undefined || found !== "none" || Notification.permission !== "denied") && (
              <Button
                size="small"
                busy={busy || found === undefined}
                onClick={() => void change(isOn ? turnOff : on)}
              >
                {isOn ? "Turn off here" : "Turn on here"}
              </Button>
            )}
        </span>
      </div>
      <FailureLine error={error} />
    </div>
  );
}

async function tryOut(): Promise<void> {
  void chime();
  await show({
    title: "Claude Code asks",
    body: "This is how a question of an agent comes to you.",
    path: "/settings/notifications",
    tag: "try",
  });
  announce("A notification was sent to this browser.");
}

function Standing({ found, hasKey }: { found: Reach | undefined; hasKey: boolean }) {
  if (!canNotify())
    return (
      <span className="text-muted">
        {window.isSecureContext
          ? "It has no notifications. Add aether to the home screen, or use another browser."
          : "Browsers show notifications only over https or on localhost."}
      </span>
    );
  if (found === "push")
    return (
      <span className="flex items-center gap-1.5 text-done">
        <ShapeMark shape="disc" /> on, also while aether is closed
      </span>
    );
  if (found === "page")
    return (
      <span>
        <span className="inline-flex items-center gap-1.5 text-done">
          <ShapeMark shape="disc" /> on
        </span>
        <span className="text-muted">
          , while a page of aether is open
          {hasKey ? ": this browser has no push service" : ": Web Push is not set up on this server"}
        </span>
      </span>
    );
  if (Notification.permission === "denied")
    return (
      <span className="flex items-center gap-1.5 text-failed">
        <ShapeMark shape="cross" /> blocked: allow notifications for this site in the browser’s settings
      </span>
    );
  return (
    <span className="flex items-center gap-1.5 text-muted">
      <ShapeMark shape="ring" /> off
    </span>
  );
}
