import { useState } from "react";
import type { KeyMode, Project } from "@/api/types";
import { Choice, Choices } from "@/ui/Choice";
import { SkeletonRows } from "@/ui/Skeleton";
import { MODE_WORDS } from "./vendors";

export function ModeChoices({ mode, hasVendor }: { mode: KeyMode | undefined; hasVendor: boolean }) {
  const { brokered, injected } = MODE_WORDS;
  return (
    <Choices legend="How agents use it" className="gap-2">
      <Choice
        type="radio"
        name="mode"
        value="brokered"
        defaultChecked={hasVendor && mode !== "injected"}
        disabled={!hasVendor}
        note={hasVendor ? brokered.note : "Only for the vendors aether knows."}
      >
        Through aether’s broker
      </Choice>
      <Choice
        type="radio"
        name="mode"
        value="injected"
        defaultChecked={!hasVendor || mode === "injected"}
        note={injected.note}
      >
        In the machines
      </Choice>
    </Choices>
  );
}

interface ProjectChoicesProps {
  /** The ids it begins with; null is every project. */
  chosen: string[] | null;
  /** Undefined while they are not known. */
  projects: Project[] | undefined;
}

export function ProjectChoices({ chosen, projects }: ProjectChoicesProps) {
  const [some, setSome] = useState(chosen !== null);
  return (
    <Choices legend="Which projects have it">
      <Choice type="radio" name="scope" value="every" checked={!some} onChange={() => setSome(false)}>
        Every project, also later ones
      </Choice>
      <Choice type="radio" name="scope" value="some" checked={some} onChange={() => setSome(true)}>
        Only these
      </Choice>
      {some && (
        <div className="ml-6 grid max-h-40 overflow-auto rounded-md border border-line px-2 py-1">
          {projects?.map(({ id, name }) => (
            <Choice key={id} name="project" value={id} defaultChecked={chosen?.includes(id)}>
              {name}
            </Choice>
          ))}
          {!projects && <SkeletonRows count={2} label="Loading projects" />}
          {projects?.length === 0 && <p className="text-muted">There is no project yet.</p>}
        </div>
      )}
    </Choices>
  );
}

/** The ids that are ticked; null is every project. */
export function allowed(form: HTMLFormElement): string[] | null {
  const data = new FormData(form);
  return data.get("scope") === "some" ? data.getAll("project").map(String) : null;
}
