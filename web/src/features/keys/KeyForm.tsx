import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Key, KeyMode } from "@/api/types";
import { projectsQuery } from "@/queries/projects";
import { usePutKey, vendorKeysQuery } from "@/queries/vendorKeys";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field, INPUT_LOOK } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { allowed, ModeChoices, ProjectChoices } from "./KeyChoices";
import { misplaced, VENDORS } from "./vendors";

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
  const kept = useQuery(vendorKeysQuery);
  const projects = useQuery(projectsQuery);
  const [vendor, setVendor] = useState(vendorOf(known?.name ?? meant));
  const [name, setName] = useState(vendor === OTHER ? (known?.name ?? meant ?? "") : "");
  const [value, setValue] = useState("");
  const errors = fieldErrors(put.error);
  const called = known?.name ?? (vendor === OTHER ? name.trim() : vendor);
  // A name has one key: to add it again is to replace it, and who had it has it still.
  const replaced = known ? undefined : kept.data?.find((key) => key.name === called);
  const begins = known ?? replaced;
  const hasVendor = begins ? begins.vendor !== "" : vendor !== OTHER;
  const ready = kept.data && projects.data;
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!ready) return;
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
            <Replaced last4={replaced?.last4} />
            <ValueField name={called} value={value} setValue={setValue} error={errors.value} />
          </>
        )}
        <ModeChoices key={`mode-${begins?.name ?? hasVendor}`} mode={begins?.mode} hasVendor={hasVendor} />
        <ProjectChoices
          key={`projects-${begins?.name ?? ""}`}
          chosen={begins?.projects ?? null}
          projects={projects.data}
        />
        <FailureLine error={ready ? unshown(put.error, ["name", "value"]) : (kept.error ?? projects.error)}>
          {!ready && (
            <Button size="small" onClick={() => void Promise.all([kept.refetch(), projects.refetch()])}>
              Try again
            </Button>
          )}
        </FailureLine>
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={put.isPending} disabled={!ready}>
            {known ? "Save" : replaced ? "Replace key" : "Add key"}
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

/** Said aloud too, because it comes and goes with the name: so its place is there from the start. */
function Replaced({ last4 }: { last4: string | undefined }) {
  return (
    <p role="status" className="-mt-2 text-12 text-waiting empty:-mt-4">
      {last4 !== undefined && (
        <>
          Replaces the one ending in <code className="font-mono">…{last4}</code>
        </>
      )}
    </p>
  );
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
