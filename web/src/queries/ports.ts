/** The ports on which programs in a project's machine listen, or which were given a name or a visibility. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { sendForJson } from "@/api/send";
import type { Port, Visibility } from "@/api/types";
import { putPort } from "./events";
import { keys } from "./keys";

// Asking counts as looking: for a minute the machine's listeners are followed, and events tell of changes.
const ASK_MS = 20_000;

function portsPath(projectId: string): string {
  return `/api/projects/${encodeURIComponent(projectId)}/ports`;
}

/** Asked again while it is looked at, because the machine is only watched for those who look. */
export function portsQuery(projectId: string) {
  return queryOptions({
    queryKey: keys.ports(projectId),
    queryFn: async ({ signal }): Promise<Port[]> =>
      (await sendForJson<{ items: Port[] }>(portsPath(projectId), { signal })).items,
    refetchInterval: ASK_MS,
    staleTime: 0,
  });
}

export function useUpdatePort(projectId: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ port, ...json }: { port: number; visibility?: Visibility; label?: string }) =>
      sendForJson<Port>(`${portsPath(projectId)}/${port}`, { method: "PATCH", json }),
    onSuccess: (port) => putPort(cache, projectId, port),
  });
}
