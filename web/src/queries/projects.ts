import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api, type idempotencyKey } from "@/api/client";
import { beginFlow, flowHeaders } from "@/api/trace";
import type { CreateProject, Project, UpdateProject } from "@/api/types";
import { dropProject, putProject } from "./events";
import { keys } from "./keys";

/** Every page of the list: a person has tens of projects, and the palette searches all of them. */
async function allProjects(): Promise<Project[]> {
  const all: Project[] = [];
  let cursor: string | undefined;
  do {
    const page = await answer(api.GET("/api/projects", { params: { query: { cursor } } }));
    all.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return all;
}

export const projectsQuery = queryOptions({ queryKey: keys.projects, queryFn: allProjects });

export function projectQuery(id: string) {
  return queryOptions({
    queryKey: keys.project(id),
    queryFn: () => answer(api.GET("/api/projects/{project_id}", { params: { path: { project_id: id } } })),
  });
}

function useProjectMutation<Given>(send: (given: Given) => Promise<Project>) {
  const cache = useQueryClient();
  return useMutation({ mutationFn: send, onSuccess: (project) => putProject(cache, project) });
}

export function useCreateProject() {
  // One key for one filled form: a repeated click or a lost answer makes no second project.
  return useProjectMutation(
    ({ body, key }: { body: CreateProject; key: ReturnType<typeof idempotencyKey> }) =>
      answer(api.POST("/api/projects", { body, params: { header: key } })),
  );
}

export function useUpdateProject(id: string) {
  return useProjectMutation((body: UpdateProject) =>
    answer(api.PATCH("/api/projects/{project_id}", { body, params: { path: { project_id: id } } })),
  );
}

/** A start click opens a trace that runs on until the first terminal is there. */
function start(id: string): Promise<Project> {
  beginFlow(id);
  const params = { path: { project_id: id } };
  return answer(api.POST("/api/projects/{project_id}/start", { params, headers: flowHeaders(id) }));
}

function stop(id: string): Promise<Project> {
  return answer(api.POST("/api/projects/{project_id}/stop", { params: { path: { project_id: id } } }));
}

export function useStartProject(id: string) {
  return useProjectMutation(() => start(id));
}

/** Start and stop from outside a component. A refusal is shown by the project itself, in its next state. */
export async function startNow(cache: QueryClient, id: string): Promise<void> {
  putProject(cache, await start(id));
}

export async function stopNow(cache: QueryClient, id: string): Promise<void> {
  putProject(cache, await stop(id));
}

export function useRestartProject(id: string) {
  return useProjectMutation(() => {
    beginFlow(id);
    const params = { path: { project_id: id } };
    return answer(api.POST("/api/projects/{project_id}/restart", { params, headers: flowHeaders(id) }));
  });
}

export function useStopProject(id: string) {
  return useProjectMutation(() => stop(id));
}

/** The hold the button of this page places, apart from those programs in the machine place. */
export const KEEP_AWAKE = "kept-awake";

export function useKeepAwake(id: string) {
  const path = { project_id: id, name: KEEP_AWAKE };
  return useProjectMutation((seconds: number | null) =>
    seconds === null
      ? answer(api.DELETE("/api/projects/{project_id}/holds/{name}", { params: { path } }))
      : answer(
          api.PUT("/api/projects/{project_id}/holds/{name}", {
            params: { path },
            body: { expires_in: seconds },
          }),
        ),
  );
}

export function useDeleteProject(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE("/api/projects/{project_id}", { params: { path: { project_id: id } } })),
    onSuccess: () => dropProject(cache, id),
  });
}
