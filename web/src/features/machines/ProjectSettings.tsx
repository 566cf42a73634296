import type { Project } from "@/api/types";
import { useUpdateProject } from "@/queries/projects";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { megabytes } from "@/ui/sizes";

const FIELDS = ["name", "idle_minutes", "recording"] as const;

export default function ProjectSettings({ project, close }: { project: Project; close: () => void }) {
  const update = useUpdateProject(project.id);
  const errors = fieldErrors(update.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { name, idle_minutes, recording } = formValues(event.currentTarget, ...FIELDS);
    const body = { name, idle_minutes: Number(idle_minutes), recording: recording === "on" };
    update.mutate(body, { onSuccess: close });
  };
  return (
    <Dialog title="Project settings" close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Name"
          name="name"
          defaultValue={project.name}
          maxLength={64}
          autoComplete="off"
          error={errors.name}
        />
        <Field
          label="Stop when idle for"
          name="idle_minutes"
          type="number"
          min={1}
          max={1440}
          defaultValue={project.idle_minutes}
          end={<span className="pr-2">minutes</span>}
          error={errors.idle_minutes}
        />
        <label className="flex items-start gap-2">
          <input
            type="checkbox"
            name="recording"
            defaultChecked={project.recording}
            className="mt-0.5 accent-accent"
          />
          <span>
            Record terminals
            <span className="block text-12 text-muted">
              New terminals only. A recording can be replayed and exported.
            </span>
          </span>
        </label>
        <Facts project={project} />
        <FailureLine error={unshown(update.error, FIELDS)} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="primary" busy={update.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What cannot be changed here, for the record. */
function Facts({ project }: { project: Project }) {
  const { memory_mb, disk_mb, pids } = project.limits;
  const facts: [string, string][] = [
    [
      "Repository",
      project.repo_url ? `${project.repo_url}${project.branch ? ` · ${project.branch}` : ""}` : "none",
    ],
    ["Machine", `${project.provider}, ${project.size}`],
    ["Limits", `${megabytes(memory_mb)} memory, ${megabytes(disk_mb)} disk, ${pids} processes`],
  ];
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 border-t border-line pt-3 text-12">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
