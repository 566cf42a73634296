import { useNavigate } from "@tanstack/react-router";
import { useLayoutEffect, useRef, useState } from "react";
import { useOnceKeys } from "@/api/onceKey";
import type { Project, Repository } from "@/api/types";
import { FromGitHub } from "@/features/github/FromGitHub";
import { useLinkedGitHub } from "@/features/github/linked";
import { RepositoryPicker } from "@/features/github/RepositoryPicker";
import { useCreateProject } from "@/queries/projects";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";

const FIELDS = ["name", "repo_url", "branch", "idle_minutes"] as const;

function bodyOf(form: HTMLFormElement) {
  const { name, repo_url, branch, idle_minutes } = formValues(form, ...FIELDS);
  return {
    name,
    ...(repo_url && { repo_url }),
    ...(branch && { branch }),
    ...(idle_minutes && { idle_minutes: Number(idle_minutes) }),
  };
}

/** Puts a chosen repository into the form; a name that was typed stays. */
function fill(form: HTMLFormElement, repository: Repository, before: Repository | null): void {
  const input = (name: string) => form.elements.namedItem(name) as HTMLInputElement;
  const name = input("name");
  if (!name.value || name.value === before?.name) name.value = repository.name;
  input("repo_url").value = repository.clone_url;
  input("branch").value = "";
}

export default function CreateProject({ close }: { close: () => void }) {
  const create = useCreateProject();
  const navigate = useNavigate();
  const once = useOnceKeys();
  const github = useLinkedGitHub();
  const form = useRef<HTMLFormElement>(null);
  const submitButton = useRef<HTMLButtonElement>(null);
  const [wantsToPick, setPicking] = useState(false);
  // A link that is lost meanwhile leads back to the form, and to linking again.
  const picking = wantsToPick && (github.account !== null || github.pending);
  const [picked, setPicked] = useState<Repository | null>(null);
  const errors = fieldErrors(create.error);
  // At once, or the dialog takes the focus that the list has lost.
  useLayoutEffect(() => {
    if (picked) submitButton.current?.focus();
  }, [picked]);
  const created = (project: Project): void =>
    void navigate({ to: "/projects/$projectId", params: { projectId: project.id } });
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const body = bodyOf(event.currentTarget);
    create.mutate({ body, key: once.of(JSON.stringify(body)) }, { onSuccess: created });
  };
  const pick = (repository: Repository): void => {
    if (form.current) fill(form.current, repository, picked);
    setPicked(repository);
    setPicking(false);
  };
  return (
    <Dialog
      title={picking ? "Choose a repository" : "Create project"}
      close={picking ? () => setPicking(false) : close}
    >
      {picking && github.account && (
        <RepositoryPicker github={github.account} choose={pick} back={() => setPicking(false)} />
      )}
      <form ref={form} onSubmit={submit} className={picking ? "hidden" : "grid gap-4"} noValidate>
        <FromGitHub github={github} picked={picked} pick={() => setPicking(true)} />
        <Field
          label="Name"
          name="name"
          autoComplete="off"
          maxLength={64}
          required
          autoFocus
          error={errors.name}
        />
        <Field
          label="Git URL (optional)"
          name="repo_url"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="https://github.com/owner/name.git"
          hint="Cloned on the first start. Empty for an empty folder."
          error={errors.repo_url}
        />
        <div className="grid grid-cols-2 items-start gap-4">
          <Field
            label="Branch (optional)"
            name="branch"
            autoComplete="off"
            spellCheck={false}
            placeholder={picked?.default_branch ?? "default"}
            error={errors.branch}
          />
          <Field
            label="Stop when idle for"
            name="idle_minutes"
            type="number"
            min={1}
            max={1440}
            defaultValue={30}
            end={<span className="pr-2">minutes</span>}
            error={errors.idle_minutes}
          />
        </div>
        <FailureLine error={unshown(create.error, FIELDS)} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button ref={submitButton} type="submit" kind="primary" busy={create.isPending}>
            Create project
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
