import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { asApiError } from "@/api/problem";
import type { Project } from "@/api/types";
import { TopBar } from "@/features/gateway/TopBar";
import { StateBand, StatePane } from "@/features/machines/StatePane";
import { useSaidStates } from "@/features/machines/said";
import { WorkspaceActions, WorkspaceFacts } from "@/features/machines/WorkspaceBar";
import { PanelToggles } from "@/features/workspace/PanelToggles";
import { WorkspaceLayout } from "@/features/workspace/WorkspaceLayout";
import { keys } from "@/queries/keys";
import { projectQuery } from "@/queries/projects";
import { Failure } from "@/ui/Failure";
import { Skeleton } from "@/ui/Skeleton";
import { useTitle } from "@/ui/title";
import { PageNotFound } from "./Fallbacks";

const Arrival = lazy(() => import("@/features/agents/Arrival"));
const TerminalArea = lazy(() => import("@/features/terminal/TerminalArea"));

/** What the list already knows is shown at once; the project itself is asked for all the same. */
function useProject(id: string) {
  const cache = useQueryClient();
  return useQuery({
    ...projectQuery(id),
    placeholderData: () => cache.getQueryData<Project[]>(keys.projects)?.find((project) => project.id === id),
  });
}

export function Workspace() {
  const { projectId } = useParams({ from: "/signed-in/projects/$projectId" });
  const query = useProject(projectId);
  useTitle(query.data?.name ?? "Project");
  useSaidStates(query.data && [query.data]);
  if (query.data) return <Loaded key={query.data.id} project={query.data} />;
  if (query.error && asApiError(query.error).status === 404) return <PageNotFound />;
  return (
    <>
      <TopBar>{query.isPending && <Skeleton className="w-32" />}</TopBar>
      <main id="main" className="flex-1 px-5">
        {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      </main>
    </>
  );
}

function Loaded({ project }: { project: Project }) {
  const live = project.status === "running";
  const [ran, setRan] = useState(live);
  if (live && !ran) setRan(true);
  return (
    <>
      <TopBar
        end={
          <>
            {ran && <PanelToggles projectId={project.id} running={live} />}
            <WorkspaceActions project={project} />
          </>
        }
      >
        <WorkspaceFacts project={project} />
      </TopBar>
      <Suspense>
        <Arrival projectId={project.id} />
      </Suspense>
      <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        {ran ? (
          <WorkspaceLayout project={project}>
            <Suspense
              fallback={<div role="status" aria-label="Loading the terminal" className="flex-1 bg-screen" />}
            >
              <TerminalArea
                project={project}
                instead={<StatePane project={project} />}
                band={<StateBand project={project} />}
              />
            </Suspense>
          </WorkspaceLayout>
        ) : (
          <StatePane project={project} />
        )}
      </main>
    </>
  );
}
