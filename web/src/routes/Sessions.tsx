import { useQuery } from "@tanstack/react-query";
import type { Session } from "@/api/types";
import { sessionsQuery, useRevokeSession } from "@/queries/account";
import { Button } from "@/ui/Button";
import { browserName } from "@/ui/browser";
import { FailureLine } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { Listed } from "@/ui/Listed";
import { Panel } from "@/ui/Panel";
import { Ago } from "@/ui/Time";
import { useTitle } from "@/ui/title";

export function Sessions() {
  useTitle("Sessions");
  const query = useQuery(sessionsQuery);
  return (
    <>
      <h1 className="sr-only">Sessions</h1>
      <Panel title="Sign-in sessions" lead="Ending one closes its open terminals within seconds.">
        <Listed query={query} label="Loading sessions" count={2}>
          {(session) => <Row key={session.id} session={session} />}
        </Listed>
      </Panel>
    </>
  );
}

function Row({ session }: { session: Session }) {
  const revoke = useRevokeSession();
  const browser = browserName(session.user_agent);
  return (
    <li className="grid gap-2 border-b border-line py-2.5">
      <div className="flex items-center gap-3">
        <Icon name="screen" className="size-4 text-muted" />
        <div className="grid min-w-0 flex-1">
          <span className="truncate font-medium" title={session.user_agent}>
            {browser}
          </span>
          <span className="text-muted">
            {session.ip} · last seen <Ago at={session.last_seen_at} /> ·{" "}
            <span className="whitespace-nowrap">
              signed in <Ago at={session.created_at} />
            </span>
          </span>
        </div>
        {session.current ? (
          <span className="text-12 text-done">this browser</span>
        ) : (
          <Button
            size="small"
            busy={revoke.isPending}
            onClick={() => revoke.mutate(session.id)}
            aria-label={`End session of ${browser}`}
          >
            End session
          </Button>
        )}
      </div>
      <FailureLine error={revoke.error} />
    </li>
  );
}
