import { useQuery } from "@tanstack/react-query";
import type { Project, Run } from "@/api/types";
import { catalogQuery } from "@/queries/runs";
import { asksForText, takesText } from "./words";

interface Talk {
  /** A text may be typed into it, or starts it again. */
  takes: boolean;
  /** It waits for one. */
  asks: boolean;
}

/** One that has ended takes a text where its machine runs and its agent can take up a conversation again. */
export function useTalk(run: Run, project: Project | undefined): Talk {
  const { data } = useQuery({ ...catalogQuery, enabled: run.ended_at !== null });
  const resumes = data?.some(({ name, resumes }) => name === run.agent && resumes) ?? false;
  const wakes = resumes && project?.status === "running";
  return { takes: takesText(run, wakes), asks: asksForText(run, wakes) };
}
