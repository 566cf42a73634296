import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useOnceKeys } from "@/api/onceKey";
import type { CatalogEntry, Project, Run, StartRun } from "@/api/types";
import { projectsQuery } from "@/queries/projects";
import { useStartRun } from "@/queries/runActions";
import { catalogQuery } from "@/queries/runs";
import { vendorKeysQuery } from "@/queries/vendorKeys";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Dialog } from "@/ui/Dialog";
import { Failure, FailureLine } from "@/ui/Failure";
import { Field, INPUT_LOOK } from "@/ui/Field";
import { fieldErrors, unshown } from "@/ui/form";
import { SkeletonRows } from "@/ui/Skeleton";
import { ShapeMark } from "@/ui/StateMark";
import { firstChoice, lastAgent, missingKey } from "./choices";

const FIELDS = ["agent", "prompt", "command", "name"] as const;

interface StartProps {
  /** Which one, where that is known; else it is chosen. */
  projectId?: string | undefined;
  /** What is filled in at first. */
  first?: StartRun;
  started?: (run: Run) => void;
  close: () => void;
}

/** Sets an agent to work: which, where, and on what. */
export default function StartAgent({ projectId, first, started, close }: StartProps) {
  const catalog = useQuery(catalogQuery);
  const keys = useQuery(vendorKeysQuery);
  const { data: projects } = useQuery(projectsQuery);
  const ready = catalog.data && projects && !keys.isPending;
  return (
    <Dialog title="Start an agent" close={close} wide>
      {catalog.error && !catalog.data ? (
        <Failure
          error={catalog.error}
          title="The agents could not be listed"
          retry={() => void catalog.refetch()}
        />
      ) : ready ? (
        <Form
          catalog={catalog.data}
          projects={projects}
          keys={keys.data ?? []}
          projectId={projectId}
          first={first}
          started={started}
          close={close}
        />
      ) : (
        <SkeletonRows label="Loading the agents" count={5} />
      )}
    </Dialog>
  );
}

interface FormProps extends Omit<StartProps, "first" | "started"> {
  first: StartRun | undefined;
  started: ((run: Run) => void) | undefined;
  catalog: CatalogEntry[];
  projects: Project[];
  keys: Parameters<typeof missingKey>[1];
}

function Form({ catalog, projects, keys, projectId, first, started, close }: FormProps) {
  const start = useStartRun();
  const once = useOnceKeys();
  const [where, setWhere] = useState(projectId ?? likely(projects)?.id ?? "");
  const [agent, setAgent] = useState(() =>
    firstChoice(catalog, keys, where, first?.agent ?? lastAgent.get().agent),
  );
  // The dialog is opened to be typed into; who goes through the agents by keyboard stays among them.
  const [chosen, setChosen] = useState(false);
  const [prompt, setPrompt] = useState(first?.prompt ?? "");
  const [command, setCommand] = useState(first?.command ?? "");
  const [name, setName] = useState(first?.name ?? "");
  const entry = catalog.find((one) => one.name === agent);
  const project = projects.find(({ id }) => id === where);
  const errors = fieldErrors(start.error);
  const lacks = entry ? missingKey(entry, keys, where) : null;

  const choose = (name: string): void => {
    setAgent(name);
    setChosen(true);
  };
  const submit = (event: React.SyntheticEvent): void => {
    event.preventDefault();
    if (start.isPending || !entry || !project) return;
    const body: StartRun = {
      agent,
      prompt: entry.takes_prompt ? prompt.trim() : "",
      command: entry.takes_command ? command.trim() : "",
      name: name.trim(),
    };
    lastAgent.set({ agent });
    const made = (run: Run): void => {
      announce(`${run.agent_title} is starting in ${project.name}.`);
      close();
      started?.(run);
    };
    start.mutate(
      { projectId: where, body, key: once.of(JSON.stringify([where, body])) },
      { onSuccess: made },
    );
  };
  const press = (event: React.KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };

  return (
    <form onSubmit={submit} onKeyDown={press} className="grid grid-cols-[minmax(0,1fr)] gap-4" noValidate>
      {!projectId && <Where projects={projects} value={where} set={setWhere} />}
      <Agents catalog={catalog} value={agent} set={choose} />
      {entry && lacks && <Lacks entry={entry} name={lacks.name} kept={lacks.kept} close={close} />}
      {entry?.takes_command && (
        <Field
          label="Command"
          name="command"
          value={command}
          onChange={(event) => setCommand(event.target.value)}
          autoFocus={!chosen && first?.agent === undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder="my-agent --yes"
          hint="Run in the project’s folder by a shell."
          className="[&_input]:font-mono"
          error={errors.command}
        />
      )}
      {entry?.takes_prompt && (
        <Prompt value={prompt} set={setPrompt} error={errors.prompt} focused={!chosen} />
      )}
      <Field
        label="Name (optional)"
        name="name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        autoComplete="off"
        maxLength={80}
        placeholder="what it is called on the board"
        error={errors.name}
      />
      <FailureLine error={unshown(start.error, FIELDS)} />
      <div className="sticky -bottom-5 -mx-5 -mb-5 flex flex-wrap items-center justify-end gap-x-3 gap-y-2 border-t border-line bg-surface px-5 py-3">
        <p className="mr-auto text-12 text-muted">{project && machineWords(project)}</p>
        <Button kind="quiet" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" kind="primary" busy={start.isPending} aria-keyshortcuts="Control+Enter">
          {entry && !entry.takes_command ? `Start ${entry.title}` : "Start"}
        </Button>
      </div>
    </form>
  );
}

/** The project that one would mean: one that runs, else the latest. */
function likely(projects: readonly Project[]): Project | undefined {
  const latest = [...projects].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  return latest.find(({ status }) => status === "running") ?? latest[0];
}

function machineWords(project: Project): string {
  if (project.status === "running") return "";
  return project.status === "starting" ? "The machine is starting." : "The machine is started for it.";
}

type Choice<T> = { value: T; set: (value: T) => void };

function Where({ projects, value, set }: Choice<string> & { projects: Project[] }) {
  const id = useId();
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        Project
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => set(event.target.value)}
        className={classes(INPUT_LOOK, "px-1.5")}
      >
        {projects.map((project) => (
          <option key={project.id} value={project.id}>
            {project.name}
          </option>
        ))}
      </select>
    </div>
  );
}

function Agents({ catalog, value, set }: Choice<string> & { catalog: CatalogEntry[] }) {
  const id = useId();
  return (
    <fieldset className="grid gap-1" aria-describedby={id}>
      <legend className="mb-1 font-medium">Agent</legend>
      <div className="grid grid-cols-2 gap-px overflow-hidden rounded-md border border-edge bg-line sm:grid-cols-3">
        {catalog.map((entry) => (
          <label
            key={entry.name}
            className="flex min-h-8 cursor-pointer items-center gap-2.5 bg-surface px-2.5 -outline-offset-2 hover:bg-raised has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent touch:min-h-11"
          >
            <input
              type="radio"
              name="agent"
              value={entry.name}
              checked={entry.name === value}
              onChange={() => set(entry.name)}
              className="size-3.5 shrink-0 accent-accent outline-none"
            />
            <span className="min-w-0 truncate">{entry.title}</span>
          </label>
        ))}
      </div>
      <p id={id} className="text-12 text-muted">
        {catalog.find(({ name }) => name === value)?.summary}
      </p>
    </fieldset>
  );
}

/** Says it before the agent does; some have a sign-in of their own, so it may be started all the same. */
function Lacks(props: { entry: CatalogEntry; name: string; kept: boolean; close: () => void }) {
  const { entry, name, kept, close } = props;
  return (
    <div role="status" className="flex items-start gap-2 rounded-md bg-waiting-soft px-2.5 py-1.5">
      <ShapeMark shape="triangle" className="mt-[5px] text-waiting" />
      <p className="min-w-0 text-pretty">
        {kept ? (
          <>
            Your <code className="font-mono text-12">{name}</code> may not be used in this project.{" "}
          </>
        ) : (
          <>
            {entry.title} needs a key, and you have none for it: add{" "}
            <code className="font-mono text-12">{name}</code>.{" "}
          </>
        )}
        <Link
          to="/settings/keys"
          search={kept ? {} : { add: name }}
          onClick={close}
          className="font-medium text-accent underline underline-offset-2"
        >
          {kept ? "Open keys" : "Add the key"}
        </Link>{" "}
        Without it, the agent asks you to sign in, in its terminal.
      </p>
    </div>
  );
}

type PromptProps = Choice<string> & { error: string | undefined; focused: boolean };

function Prompt({ value, set, error, focused }: PromptProps) {
  const id = useId();
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        What is it to do?
      </label>
      <textarea
        id={id}
        // biome-ignore lint/a11y/noAutofocus: the dialog is opened to be typed into.
        autoFocus={focused}
        rows={4}
        value={value}
        onChange={(event) => set(event.target.value)}
        aria-invalid={error ? true : undefined}
        aria-describedby={`${id}-note`}
        placeholder="Find out why the login test fails and fix it."
        className={classes(
          INPUT_LOOK,
          "field-sizing-content h-auto max-h-64 min-h-24 resize-y py-1.5 leading-5",
        )}
      />
      <p id={`${id}-note`} className={classes("text-12", error ? "text-failed" : "text-muted")}>
        {error ?? (
          <>
            Empty starts it without a task; you tell it in its terminal.
            <span className="touch:hidden"> Ctrl Enter starts.</span>
          </>
        )}
      </p>
    </div>
  );
}
