import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useEffectEvent } from "react";
import type { Project } from "@/api/types";
import { TopBar } from "@/features/gateway/TopBar";
import { ProjectRow } from "@/features/machines/ProjectRow";
import { useSaidStates } from "@/features/machines/said";
import { sections } from "@/features/machines/words";
import { projectsQuery } from "@/queries/projects";
import { Button } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { plural } from "@/ui/format";
import { Icon } from "@/ui/Icon";
import { moveRow } from "@/ui/rows";
import { SkeletonRows } from "@/ui/Skeleton";
import { ShapeMark } from "@/ui/StateMark";
import { useTitle } from "@/ui/title";
import { isCovered, isTyping } from "@/ui/typing";

const CreateProject = lazy(() => import("@/features/machines/CreateProject"));
const NoProjects = lazy(() => import("@/features/machines/NoProjects"));

export function Dashboard() {
  useTitle("Projects");
  const navigate = useNavigate({ from: "/projects" });
  const { new: creating } = useSearch({ from: "/signed-in/projects" });
  const query = useQuery(projectsQuery);
  const setCreating = (on: boolean): void =>
    void navigate({ search: on ? { new: true } : {}, replace: true });
  useDashboardKeys(() => setCreating(true));
  useSaidStates(query.data);
  const none = query.data?.length === 0;
  return (
    <>
      <TopBar end={<Counts projects={query.data ?? []} />}>
        <h1 className="truncate font-medium">All projects</h1>
      </TopBar>
      <main id="main" className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto flex min-h-full max-w-6xl flex-col border-line xl:border-x">
          <div className="flex h-12 shrink-0 items-center justify-between gap-2 border-b border-line px-4">
            <p className="text-muted">
              {none ? "No projects yet" : query.data && plural(query.data.length, "project", "projects")}
            </p>
            {query.data && !none && (
              <Button
                kind="primary"
                onClick={() => setCreating(true)}
                aria-keyshortcuts="n"
                icon={<Icon name="plus" className="size-3.5" />}
              >
                Create project
              </Button>
            )}
          </div>
          <List query={query} create={() => setCreating(true)} />
          {!none && <KeyHints />}
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

type ListProps = { query: ReturnType<typeof useQuery<Project[]>>; create: () => void };

function List({ query, create }: ListProps) {
  if (query.isPending) return <SkeletonRows label="Loading projects" />;
  if (query.error && !query.data) {
    return (
      <div className="px-4">
        <Failure error={query.error} retry={() => void query.refetch()} />
      </div>
    );
  }
  const projects = query.data ?? [];
  if (!projects.length)
    return (
      <Suspense fallback={<SkeletonRows label="Loading projects" />}>
        <NoProjects create={create} />
      </Suspense>
    );
  const { attention, running, stopped } = sections(projects);
  return (
    <>
      <Section title="Needs a look" projects={attention} />
      <Section title="Running" projects={running} />
      <Section title="Stopped" projects={stopped} />
    </>
  );
}

function Section({ title, projects }: { title: string; projects: Project[] }) {
  if (!projects.length) return null;
  return (
    <section aria-label={title}>
      <h2 className="flex h-8 items-end gap-2 border-b border-line px-4 pb-1 text-12 font-medium text-muted">
        {title}
        <span className="font-normal">{projects.length}</span>
      </h2>
      <ul>
        {projects.map((project) => (
          <ProjectRow key={project.id} project={project} />
        ))}
      </ul>
    </section>
  );
}

/** How many of each that matter, in the bar. */
function Counts({ projects }: { projects: Project[] }) {
  const { attention, running } = sections(projects);
  return (
    <p className="hidden items-center gap-3 text-12 text-muted sm:flex">
      {attention.length > 0 && (
        <span className="flex items-center gap-1.5">
          {attention.length} failed <ShapeMark shape="cross" className="text-failed" />
        </span>
      )}
      {running.length > 0 && (
        <span className="flex items-center gap-1.5">
          {running.length} running <ShapeMark shape="disc" className="text-done" />
        </span>
      )}
    </p>
  );
}

function KeyHints() {
  const hints = [
    ["j k", "move"],
    ["Enter", "open"],
    ["n", "create"],
    ["g t", "tokens"],
    ["Ctrl K", "everything"],
  ];
  return (
    <p className="mt-auto hidden flex-wrap gap-x-5 gap-y-1 px-4 py-3 text-12 text-muted md:flex touch:hidden">
      {hints.map(([keys, does]) => (
        <span key={keys}>
          <kbd className="font-sans text-text">{keys}</kbd> {does}
        </span>
      ))}
    </p>
  );
}

function useDashboardKeys(create: () => void): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isCovered()) return;
    if (event.key === "n") {
      event.preventDefault();
      create();
    } else if (event.key === "j" || event.key === "k") {
      moveRow(event.key === "j" ? 1 : -1);
    }
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
