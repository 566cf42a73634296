import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Terminal } from "@/api/types";
import { TopBar } from "@/features/gateway/TopBar";
import { projectQuery } from "@/queries/projects";
import { recordingsQuery, recordingUrl } from "@/queries/terminals";
import { buttonLook } from "@/ui/Button";
import { Crumbs } from "@/ui/Crumbs";
import { Failure } from "@/ui/Failure";
import { lasted } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { useRowKeys } from "@/ui/rows";
import { SkeletonRows } from "@/ui/Skeleton";
import { Ago } from "@/ui/Time";
import { useTitle } from "@/ui/title";

export function Recordings() {
  const { projectId } = useParams({ from: "/signed-in/projects/$projectId/recordings" });
  const project = useQuery(projectQuery(projectId)).data;
  const query = useQuery(recordingsQuery(projectId));
  useTitle(project ? `Recordings of ${project.name}` : "Recordings");
  useRowKeys();
  return (
    <>
      <TopBar>
        <Crumbs project={project} here="Recordings" />
      </TopBar>
      <main id="main" className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto min-h-full max-w-4xl border-line lg:border-x">
          <List query={query} projectId={projectId} recording={project?.recording ?? true} />
        </div>
      </main>
    </>
  );
}

interface ListProps {
  query: ReturnType<typeof useQuery<Terminal[]>>;
  projectId: string;
  recording: boolean;
}

function List({ query, projectId, recording }: ListProps) {
  if (query.isPending) return <SkeletonRows label="Loading recordings" />;
  if (query.error && !query.data) {
    return (
      <div className="px-4">
        <Failure error={query.error} retry={() => void query.refetch()} />
      </div>
    );
  }
  if (!query.data?.length) return <Empty projectId={projectId} recording={recording} />;
  return (
    <ul>
      {query.data.map((terminal) => (
        <Row key={terminal.id} terminal={terminal} projectId={projectId} />
      ))}
    </ul>
  );
}

function Row({ terminal, projectId }: { terminal: Terminal; projectId: string }) {
  const name = terminal.name || terminal.command || "Terminal";
  const params = { projectId, terminalId: terminal.id };
  return (
    <li
      data-row
      className="relative flex min-h-10 items-center gap-4 border-b border-line px-4 py-1.5 has-[[data-open]:focus-visible]:bg-raised hover:bg-surface"
    >
      <Icon name="film" className="size-4 text-muted" />
      <div className="grid min-w-0 flex-1 grid-cols-[auto_1fr] gap-x-1.5 sm:grid-cols-[1fr_8rem_8rem] sm:items-center sm:gap-x-4">
        <Link
          data-open
          to="/projects/$projectId/recordings/$terminalId"
          params={params}
          aria-label={`Replay ${name}`}
          className="col-span-2 truncate font-medium sm:col-span-1 after:absolute after:inset-0"
        >
          {name}
          {terminal.title && <span className="ml-2 font-normal text-muted">{terminal.title}</span>}
        </Link>
        <span className="text-muted">
          <Ago at={terminal.created_at} />
        </span>
        <span className="text-muted">
          <span aria-hidden="true" className="sm:hidden">
            ·{" "}
          </span>
          {terminal.closed_at ? lasted(terminal.created_at, terminal.closed_at) : "still open"}
        </span>
      </div>
      <a
        href={recordingUrl(terminal.id)}
        download={`${name}.cast`}
        aria-label={`Export ${name}`}
        className={`relative ${buttonLook("quiet", "small")}`}
      >
        <Icon name="download" />
        <span className="max-sm:sr-only">Export</span>
      </a>
    </li>
  );
}

function Empty({ projectId, recording }: { projectId: string; recording: boolean }) {
  return (
    <div className="grid justify-items-start gap-4 px-4 py-10">
      <p className="text-16">
        {recording
          ? "Nothing is recorded yet. Every new terminal will be."
          : "Recording is off in the project's settings."}
      </p>
      <Link to="/projects/$projectId" params={{ projectId }} className={buttonLook("plain")}>
        Go to the terminals
      </Link>
    </div>
  );
}
