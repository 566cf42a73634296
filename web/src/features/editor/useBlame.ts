import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { asApiError } from "@/api/problem";
import { type BlameLine, blameQuery } from "@/queries/git";
import { announce } from "@/ui/announce";
import type { OpenDocument } from "./document";

/** Who last changed each line; null while nobody asks, or there is nothing to know. */
export function useBlame(file: OpenDocument, wanted: boolean): BlameLine[] | null {
  const query = useQuery({ ...blameQuery(file.projectId, file.path), enabled: wanted });
  useEffect(() => {
    if (wanted && query.error) announce(asApiError(query.error).message);
  }, [wanted, query.error]);
  return wanted ? (query.data ?? null) : null;
}
