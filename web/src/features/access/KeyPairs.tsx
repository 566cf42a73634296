import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AgentToken, CreatedAgentToken, Project } from "@/api/types";
import { agentTokensQuery, useRevokeAgentToken } from "@/queries/access";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { day } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { Listed } from "@/ui/Listed";
import { useNow } from "@/ui/now";
import { Panel } from "@/ui/Panel";
import { ShellHint } from "@/ui/ShellHint";
import { Ago } from "@/ui/Time";
import { AddKeyPair } from "./AddKeyPair";
import { kindOf } from "./names";
import { PrivateKey } from "./PrivateKey";

/** The key pairs that may enter a project's machine. */
export function KeyPairs({ project, file }: { project: Project; file: string }) {
  const query = useQuery(agentTokensQuery(project.id));
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<CreatedAgentToken | null>(null);
  const created = (token: CreatedAgentToken): void => {
    announce(`${token.token.name} may enter.`);
    if (token.private_key) setMade(token);
  };
  return (
    <Panel
      title="Key pairs that may enter"
      lead="For you or for an agent that works from elsewhere. Each opens this project alone."
      end={
        <Button onClick={() => setAdding(true)} icon={<Icon name="plus" className="size-3.5" />}>
          Let a key in
        </Button>
      }
    >
      <Listed query={query} label="Loading key pairs" count={2} empty={<Empty project={project} />}>
        {(token) => <Row key={token.id} token={token} projectId={project.id} />}
      </Listed>
      {adding && <AddKeyPair projectId={project.id} close={() => setAdding(false)} created={created} />}
      {made?.private_key && (
        <PrivateKey made={made} secret={made.private_key} file={file} close={() => setMade(null)} />
      )}
    </Panel>
  );
}

function Empty({ project }: { project: Project }) {
  return (
    <div className="grid justify-items-start gap-3">
      <p className="text-muted">Nobody may enter by SSH yet.</p>
      <ShellHint command={`aether agents allow ${project.slug}`} />
    </div>
  );
}

function Row({ token, projectId }: { token: AgentToken; projectId: string }) {
  const revoke = useRevokeAgentToken(projectId);
  const [asked, setAsked] = useState(false);
  const revoked = (): void => {
    announce(`${token.name} may enter no more.`);
    setAsked(false);
  };
  return (
    <li className="flex items-center gap-3 border-b border-line py-2.5">
      <Icon name="key" className="size-4 text-muted" />
      <div className="grid min-w-0 flex-1">
        <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
          <span className="truncate font-medium">{token.name}</span>
          <span className="min-w-0 truncate font-mono text-12 text-muted" title={token.public_key}>
            {token.fingerprint}
          </span>
        </span>
        <span className="text-muted">
          {kindOf(token)}
          {" · "}
          {token.last_used_at ? (
            <>
              entered <Ago at={token.last_used_at} />
            </>
          ) : (
            "never used"
          )}
          {" · "}
          <End at={token.expires_at} />
        </span>
      </div>
      <Button size="small" onClick={() => setAsked(true)} aria-label={`Revoke ${token.name}`}>
        Revoke
      </Button>
      {asked && (
        <Confirm
          title={`Revoke ${token.name}?`}
          verb="Revoke key"
          busy={revoke.isPending}
          error={revoke.error}
          confirm={() => revoke.mutate(token.id, { onSuccess: revoked })}
          close={() => setAsked(false)}
        >
          What is open with it is cut within five seconds.
        </Confirm>
      )}
    </li>
  );
}

function End({ at }: { at: string | null }) {
  const now = useNow();
  if (!at) return "does not expire";
  if (Date.parse(at) <= now) return <span className="whitespace-nowrap text-failed">expired {day(at)}</span>;
  return <span className="whitespace-nowrap">until {day(at)}</span>;
}
