import { queryOptions } from "@tanstack/react-query";
import { allNames } from "@/queries/files";

/** Every name in the project, asked for anew by each list that opens: it is out of date a moment later. */
export function namesQuery(projectId: string) {
  return queryOptions({
    queryKey: ["names", projectId] as const,
    queryFn: ({ signal }) => allNames(projectId, signal),
    staleTime: 0,
    // The last list is shown while the next one is asked for.
    gcTime: 5 * 60_000,
  });
}
