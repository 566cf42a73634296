import { useEffect, useRef } from "react";
import type { Project } from "@/api/types";
import { announce } from "@/ui/announce";
import { stateWord } from "@/ui/StateMark";

/** Says each change of state once, for those who do not see the mark change. */
export function useSaidStates(projects: readonly Project[] | undefined): void {
  const known = useRef(new Map<string, string>());
  useEffect(() => {
    for (const project of projects ?? []) {
      const before = known.current.get(project.id);
      if (before && before !== project.status) announce(`${project.name} is ${stateWord(project.status)}.`);
      known.current.set(project.id, project.status);
    }
  }, [projects]);
}
