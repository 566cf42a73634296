import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { asApiError } from "@/api/problem";
import { TopBar } from "@/features/gateway/TopBar";
import { projectQuery } from "@/queries/projects";
import { castQuery, recordingUrl, terminalQuery } from "@/queries/terminals";
import { buttonLook } from "@/ui/Button";
import { Crumbs } from "@/ui/Crumbs";
import { Failure } from "@/ui/Failure";
import { lasted } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { Ago } from "@/ui/Time";
import { useTitle } from "@/ui/title";
import { PageNotFound } from "./Fallbacks";

const Player = lazy(() => import("@/features/terminal/Player"));

export function Replay() {
  const { projectId, terminalId } = useParams({
    from: "/signed-in/projects/$projectId/recordings/$terminalId",
  });
  const project = useQuery(projectQuery(projectId)).data;
  const terminal = useQuery(terminalQuery(terminalId));
  const cast = useQuery(castQuery(terminalId));
  const name = terminal.data?.name || terminal.data?.command || "Recording";
  useTitle(`Replay of ${name}`);
  if (terminal.error && asApiError(terminal.error).status === 404) return <PageNotFound />;
  return (
    <>
      <TopBar
        end={
          <a
            href={recordingUrl(terminalId)}
            download={`${name}.cast`}
            className={buttonLook("plain", "small")}
          >
            <Icon name="download" className="size-3.5" />
            <span className="max-sm:sr-only">Export</span>
          </a>
        }
      >
        <Crumbs project={project} here={name} />
        {terminal.data && (
          <span className="hidden text-12 text-muted sm:inline">
            <Ago at={terminal.data.created_at} />
            {terminal.data.closed_at && <> · {lasted(terminal.data.created_at, terminal.data.closed_at)}</>}
          </span>
        )}
      </TopBar>
      <main id="main" className="flex min-h-0 flex-1 flex-col bg-screen">
        {cast.error ? (
          <div className="px-5">
            <Failure
              error={cast.error}
              title="The recording could not be loaded"
              retry={() => void cast.refetch()}
            />
          </div>
        ) : cast.data === undefined ? (
          <Loading />
        ) : cast.data === "" ? (
          <p className="m-auto text-muted">This recording is empty.</p>
        ) : (
          <Suspense fallback={<Loading />}>
            <Player cast={cast.data} />
          </Suspense>
        )}
      </main>
    </>
  );
}

function Loading() {
  return (
    <p role="status" className="m-auto animate-breathe text-muted">
      Loading the recording
    </p>
  );
}
