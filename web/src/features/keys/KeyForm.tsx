import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Key, KeyMode, Project } from "@/api/types";
import { projectsQuery } from "@/queries/projects";
import { usePutKey } from "@/queries/vendorKeys";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Choice, Choices } from "@/ui/Choice";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field, INPUT_LOOK } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { MODE_WORDS, misplaced, VENDORS } from "./vendors";

const OTHER = "";

interface KeyFormProps {
  /** The key that is changed; a new one without. */
  known?: Key;
  /** For which vendor a new key is most likely meant. */
  meant?: string;
  close: () => void;
}

/** A new key, or other projects and another way for one there is. Its value is replaced elsewhere. */
export function KeyForm({ known, meant, close }: KeyFormProps) {
  const put = usePutKey();
  const projects = useQuery(projectsQuery).data ?? [];
  const [vendor, setVendor] = useState(vendorOf(known?.name ?? meant));
  const [name, setName] = useState(vendor === OTHER ? (known?.name ?? meant ?? "") : "");
  const [value, setValue] = useState("");
  const errors = fieldErrors(put.error);
  const hasVendor = known ? known.vendor !== "" : vendor !== OTHER;
  const called = known?.name ?? (vendor === OTHER ? name.trim() : vendor);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const { mode } = formValues(form, "mode");
    const body = { name: called, mode: mode as KeyMode, projects: allowed(form) };
    const done = (): void => {
      announce(`${called} is kept.`);
      close();
    };
    put.mutate(known ? body : { ...body, value: value.trim() }, { onSuccess: done });
  };
  return (
    <Dialog title={known ? `Who has ${known.name}` : "Add key"} close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        {!known && (
          <>
            <NameFields
              vendor={vendor}
              setVendor={setVendor}
              name={name}
              setName={setName}
              error={errors.name}
            />
            <ValueField name={called} value={value} setValue={setValue} error={errors.value} />
          </>
        )}
        <ModeChoices key={String(hasVendor)} mode={known?.mode} hasVendor={hasVendor} />
        <ProjectChoices chosen={known?.projects ?? null} projects={projects} />
        <FailureLine error={unshown(put.error, ["name", "value"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={put.isPending}>
            {known ? "Save" : "Add key"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function vendorOf(name: string | undefined): string {
  if (name === undefined) return VENDORS[0]?.name ?? OTHER;
  return VENDORS.some((vendor) => vendor.name === name) ? name : OTHER;
}

/** The ids that are ticked; null is every project. */
function allowed(form: HTMLFormElement): string[] | null {
  const data = new FormData(form);
  return data.get("scope") === "some" ? data.getAll("project").map(String) : null;
}

interface NameProps {
  vendor: string;
  setVendor: (vendor: string) => void;
  name: string;
  setName: (name: string) => void;
  error: string | undefined;
}

function NameFields({ vendor, setVendor, name, setName, error }: NameProps) {
  return (
    <>
      <label className="grid gap-1">
        <span className="font-medium">For</span>
        <select
          value={vendor}
          onChange={(event) => setVendor(event.target.value)}
          className={INPUT_LOOK}
          aria-label="For"
        >
          {VENDORS.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
          <option value={OTHER}>Another program</option>
        </select>
        {vendor !== OTHER && <span className="font-mono text-12 text-muted">{vendor}</span>}
      </label>
      {vendor === OTHER && (
        <Field
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={64}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          placeholder="DEPLOY_TOKEN"
          hint="As the program expects it in its environment."
          error={error}
        />
      )}
    </>
  );
}

interface ValueProps {
  name: string;
  value: string;
  setValue: (value: string) => void;
  error: string | undefined;
}

/** Covered like a password, but no password: nothing offers to keep it or fills it in. */
export function ValueField({ name, value, setValue, error }: ValueProps) {
  const other = misplaced(name, value.trim());
  return (
    <Field
      label="Value"
      type="password"
      value={value}
      onChange={(event) => setValue(event.target.value)}
      maxLength={16_384}
      autoFocus
      autoComplete="off"
      data-1p-ignore
      data-lpignore="true"
      spellCheck={false}
      hint={
        other ? (
          <span className="text-waiting">This looks like a key of {other.title}.</span>
        ) : (
          "Kept encrypted. It is not shown again."
        )
      }
      error={error}
    />
  );
}

function ModeChoices({ mode, hasVendor }: { mode: KeyMode | undefined; hasVendor: boolean }) {
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

function ProjectChoices({ chosen, projects }: { chosen: string[] | null; projects: Project[] }) {
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
          {projects.map(({ id, name }) => (
            <Choice key={id} name="project" value={id} defaultChecked={chosen?.includes(id)}>
              {name}
            </Choice>
          ))}
          {!projects.length && <p className="text-muted">There is no project yet.</p>}
        </div>
      )}
    </Choices>
  );
}
