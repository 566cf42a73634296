import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Project, Run } from "@/api/types";
import { type Part, partOf } from "@/features/agents/parts";
import { TopBar } from "@/features/gateway/TopBar";
import { useSaidStates } from "@/features/machines/said";
import { projectsQuery } from "@/queries/projects";
import { runsQuery } from "@/queries/runs";
import { Failure } from "@/ui/Failure";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Shape, ShapeMark } from "@/ui/StateMark";
import { useTitle } from "@/ui/title";

const loadBoard = () => import("@/features/agents/Board");
const Board = lazy(loadBoard);
const CreateProject = lazy(() => import("@/features/machines/CreateProject"));
const NoProjects = lazy(() => import("@/features/machines/NoProjects"));

// Its code comes while its data does.
if (location.pathname === "/projects") void loadBoard();

export function Dashboard() {
  useTitle("Projects");
  const navigate = useNavigate({ from: "/projects" });
  const { new: creating } = useSearch({ from: "/signed-in/projects" });
  const projects = useQuery(projectsQuery);
  const runs = useQuery(runsQuery);
  const setCreating = (on: boolean): void =>
    void navigate({ search: (before) => ({ ...before, new: on || undefined }), replace: true });
  useSaidStates(projects.data);
  return (
    <>
      <TopBar end={<Counts runs={runs.data ?? []} projects={projects.data ?? []} />}>
        <h1 className="truncate font-medium">All projects</h1>
      </TopBar>
      <main id="main" className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto flex min-h-full max-w-6xl flex-col border-line xl:border-x">
          <Suspense fallback={<Waiting />}>
            <List projects={projects} runs={runs} create={() => setCreating(true)} />
          </Suspense>
        </div>
      </main>
      {creating && (
        <Suspense>
          <CreateProject close={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  );
}

type Asked<T> = ReturnType<typeof useQuery<T>>;

type ListProps = { projects: Asked<Project[]>; runs: Asked<Run[]>; create: () => void };

function List({ projects, runs, create }: ListProps) {
  if (projects.error && !projects.data) {
    return (
      <div className="px-4">
        <Failure error={projects.error} retry={() => void projects.refetch()} />
      </div>
    );
  }
  // A board that shows the runs later than the projects would move under the pointer.
  if (projects.isPending || (runs.isPending && !runs.failureCount)) return <Waiting />;
  if (!projects.data?.length) return <NoProjects create={create} />;
  const error = runs.data ? null : (runs.error ?? runs.failureReason);
  return <Board projects={projects.data} runs={runs.data ?? []} error={error} create={create} />;
}

function Waiting() {
  return (
    <>
      <div className="h-12 shrink-0 border-b border-line" />
      <SkeletonRows label="Loading projects" />
    </>
  );
}

/** How many of each that matter, in the bar: those that the board shows in the same parts. */
function Counts({ runs, projects }: { runs: Run[]; projects: Project[] }) {
  const count = (part: Part): number => runs.filter((run) => partOf(run) === part).length;
  const failed = projects.filter(({ status }) => status === "error").length;
  return (
    <p data-number className="flex items-center gap-3 text-12 whitespace-nowrap text-muted">
      <Count count={count("waiting")} word="waiting" shape="triangle" tone="text-waiting" />
      <Count count={count("working")} word="working" shape="half" tone="text-working" />
      <Count count={count("trouble") + failed} word="failed" shape="cross" tone="text-failed" />
    </p>
  );
}

type CountProps = { count: number; word: string; shape: Shape; tone: string };

function Count({ count, word, shape, tone }: CountProps) {
  if (!count) return null;
  return (
    <span className="flex items-center gap-1.5" title={`${count} ${word}`}>
      {count} <span className="max-sm:sr-only">{word}</span>
      <ShapeMark shape={shape} className={tone} />
    </span>
  );
}
