import { useQuery } from "@tanstack/react-query";
import type { GitHub } from "@/api/types";
import { githubQuery } from "@/queries/github";
import { configQuery } from "@/queries/me";

export interface LinkedGitHub {
  /** This server has GitHub set up. */
  configured: boolean;
  /** Not known yet. */
  pending: boolean;
  /** The person's account there, where it can be asked for repositories. */
  account: GitHub | null;
}

export function useLinkedGitHub(): LinkedGitHub {
  const configured = useQuery(configQuery).data?.features.github ?? false;
  const { data, isPending } = useQuery({ ...githubQuery, enabled: configured });
  return { configured, pending: isPending, account: data?.linked && !data.lost_at ? data : null };
}
