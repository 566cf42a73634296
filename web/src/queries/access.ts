/** Who may enter a project's machine by SSH, and what goes into an ssh configuration for it. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import type { CreateAgentToken } from "@/api/types";

const tokensKey = (projectId: string): string[] => ["agent-tokens", projectId];

export function agentTokensQuery(projectId: string) {
  const params = { path: { project_id: projectId } };
  return queryOptions({
    queryKey: tokensKey(projectId),
    queryFn: async () => (await answer(api.GET("/api/projects/{project_id}/agents", { params }))).items,
    // No event tells when somebody entered.
    staleTime: 0,
  });
}

export function useCreateAgentToken(projectId: string) {
  const cache = useQueryClient();
  const params = { path: { project_id: projectId } };
  return useMutation({
    mutationFn: (body: CreateAgentToken) =>
      answer(api.POST("/api/projects/{project_id}/agents", { body, params })),
    onSuccess: () => cache.invalidateQueries({ queryKey: tokensKey(projectId) }),
    // The answer holds a private key; it goes with the dialog that shows it.
    gcTime: 0,
  });
}

export function useRevokeAgentToken(projectId: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => {
      const params = { path: { project_id: projectId, token_id: id } };
      return answer(api.DELETE("/api/projects/{project_id}/agents/{token_id}", { params }));
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: tokensKey(projectId) }),
  });
}

/** `file` is the path of the private key on the person's computer. */
export function sshConfigQuery(projectId: string, file: string) {
  const params = { path: { project_id: projectId }, query: { identity_file: file } };
  return queryOptions({
    queryKey: ["ssh-config", projectId, file],
    queryFn: () => answer(api.GET("/api/projects/{project_id}/ssh-config", { params })),
    placeholderData: (known) => known,
  });
}
