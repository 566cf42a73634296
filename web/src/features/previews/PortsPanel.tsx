import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Port, Visibility } from "@/api/types";
import { portsQuery, useUpdatePort } from "@/queries/ports";
import { buttonLook, IconButton } from "@/ui/Button";
import { CopyButton } from "@/ui/Copy";
import { classes } from "@/ui/classes";
import { Failure, FailureLine } from "@/ui/Failure";
import { Icon, type IconName } from "@/ui/Icon";
import { MenuButton } from "@/ui/MenuButton";
import { SkeletonRows } from "@/ui/Skeleton";
import { ShapeMark } from "@/ui/StateMark";
import { Ago } from "@/ui/Time";
import { LabelField } from "./LabelField";
import { inOrder, portName, VISIBILITY_MEANING, VISIBILITY_WORDS } from "./words";

const MakePublic = lazy(() => import("./MakePublic"));

interface PanelProps {
  projectId: string;
  running: boolean;
  close: () => void;
}

/** What listens in the machine, who may open it, and the way there. */
export default function PortsPanel({ projectId, running, close }: PanelProps) {
  const query = useQuery({ ...portsQuery(projectId), enabled: running });
  return (
    <>
      <header className="flex h-9 shrink-0 items-center gap-1 border-b border-line pr-1 pl-3 touch:h-11">
        <h2 className="mr-auto truncate font-medium">Ports</h2>
        <IconButton label="Hide ports" onClick={close} className="max-md:hidden">
          <Icon name="close" />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-auto">
        <List query={query} projectId={projectId} running={running} />
      </div>
    </>
  );
}

type ListProps = { query: ReturnType<typeof useQuery<Port[]>>; projectId: string; running: boolean };

function List({ query, projectId, running }: ListProps) {
  if (!running)
    return <p className="px-3 py-3 text-muted">The machine does not run, so nothing listens in it.</p>;
  if (query.isPending) return <SkeletonRows label="Loading the ports" count={2} />;
  if (query.error && !query.data) {
    return (
      <div className="px-3">
        <Failure
          error={query.error}
          title="The ports could not be listed"
          retry={() => void query.refetch()}
        />
      </div>
    );
  }
  const ports = inOrder(query.data ?? []);
  if (!ports.length) return <NoPorts />;
  return (
    <ul>
      {ports.map((port) => (
        <PortRow key={port.port} port={port} projectId={projectId} />
      ))}
    </ul>
  );
}

const TRIES = ["npm run dev", "python3 -m http.server 8000"];

function NoPorts() {
  return (
    <div className="grid justify-items-start gap-3 px-3 py-4">
      <p className="max-w-prose text-muted">
        Nothing listens yet. Start a server in the terminal, and it appears here with an address of its own,
        also if it only listens on localhost.
      </p>
      <ul className="grid gap-1.5">
        {TRIES.map((command) => (
          <li key={command} className="flex items-center rounded-md bg-raised pl-2.5">
            <code className="min-w-0 flex-1 py-1 font-mono text-12">{command}</code>
            <CopyButton text={command} label="" aria-label={`Copy ${command}`} title="Copy" />
          </li>
        ))}
      </ul>
    </div>
  );
}

const ICONS: Record<Visibility, IconName> = { private: "lock", team: "user", public: "globe" };

function PortRow({ port, projectId }: { port: Port; projectId: string }) {
  const update = useUpdatePort(projectId);
  const [asking, setAsking] = useState(false);
  const choose = (visibility: Visibility): void => {
    if (visibility === port.visibility) return;
    if (visibility === "public") setAsking(true);
    else update.mutate({ port: port.port, visibility });
  };
  return (
    <li className="grid gap-0.5 border-b border-line py-1.5 pr-1.5 pl-3">
      <div className="flex min-w-0 items-center gap-2">
        <ShapeMark
          shape={port.listening ? "disc" : "ring"}
          className={port.listening ? "text-done" : "text-muted"}
        />
        <span className="font-mono font-medium" data-number>
          {port.port}
        </span>
        <span className="min-w-0 flex-1 truncate text-muted" title={port.process}>
          {port.listening ? port.process : "not listening"}
        </span>
        <Ways port={port} />
      </div>
      <div className="flex min-w-0 items-center gap-1 pl-4.5">
        <LabelField port={port} save={(label) => update.mutate({ port: port.port, label })} />
        <MenuButton
          label={`Who may open ${port.port}: ${VISIBILITY_WORDS[port.visibility]}`}
          look={classes(
            buttonLook("quiet", "small"),
            "text-12",
            port.visibility === "public" && "text-waiting",
          )}
          face={
            <>
              <Icon name={ICONS[port.visibility]} className="size-3.5" />
              {VISIBILITY_WORDS[port.visibility]}
              <Icon name="down" className="size-3" />
            </>
          }
          entries={[
            {
              text: "Who may open it",
              words: MEANINGS,
              value: port.visibility,
              choose: (next) => choose(next as Visibility),
              closes: true,
            },
          ]}
        />
      </div>
      {port.listening && port.listening_since && (
        <p className="sr-only">
          Listening since <Ago at={port.listening_since} />
        </p>
      )}
      <FailureLine error={update.error} />
      <Suspense>
        {asking && <MakePublic port={port} update={update} close={() => setAsking(false)} />}
      </Suspense>
    </li>
  );
}

const MEANINGS: Record<Visibility, string> = {
  private: `Private: ${lower(VISIBILITY_MEANING.private)}`,
  team: `Team: ${lower(VISIBILITY_MEANING.team)}`,
  public: `Public: ${lower(VISIBILITY_MEANING.public)}`,
};

function lower(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1);
}

/** A link for a port that listens; for another one there is nowhere to go yet. */
function Ways({ port }: { port: Port }) {
  if (!port.url) return null;
  return (
    <>
      <CopyButton
        text={port.url}
        label=""
        aria-label={`Copy the link of ${portName(port)}`}
        title="Copy link"
      />
      {port.listening && (
        <a
          href={port.url}
          target="_blank"
          rel="noreferrer"
          aria-label={`Open ${portName(port)} in a new tab`}
          className={buttonLook("plain", "small")}
        >
          Open
          <Icon name="away" className="size-3.5" />
        </a>
      )}
    </>
  );
}
