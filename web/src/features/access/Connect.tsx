import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Project, SshConfig } from "@/api/types";
import { sshConfigQuery } from "@/queries/access";
import { Code } from "@/ui/Code";
import { CopyButton } from "@/ui/Copy";
import { Failure } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { Panel } from "@/ui/Panel";
import { ShellHint } from "@/ui/ShellHint";
import { Skeleton } from "@/ui/Skeleton";
import { DEFAULT_FILE } from "./names";

interface ConnectProps {
  project: Project;
  file: string;
  setFile: (file: string) => void;
}

/** What goes into a person's ssh configuration, and what they can do then. */
export function Connect({ project, file, setFile }: ConnectProps) {
  const query = useQuery(sshConfigQuery(project.id, file));
  return (
    <Panel
      title="Connect"
      lead="Any program that speaks SSH works: ssh, scp, rsync, git, VS Code, JetBrains, Zed."
    >
      {query.isPending && (
        <div role="status" aria-label="Loading the configuration" className="grid gap-3">
          <Skeleton className="h-40" />
          <Skeleton className="h-16" />
        </div>
      )}
      <PrivateKeyFile file={file} setFile={setFile} />
      {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data && (
        <>
          <Code title="~/.ssh/config" text={query.data.config} />
          <Code title="~/.ssh/aether_known_hosts" text={query.data.known_hosts} />
          <div className="flex justify-start">
            <ShellHint command={shellCommand(project, file)} />
          </div>
          <Uses config={query.data} />
        </>
      )}
    </Panel>
  );
}

function shellCommand(project: Project, file: string): string {
  const identity = file === DEFAULT_FILE ? "" : ` --identity ${file}`;
  return `aether ssh-config ${project.slug}${identity} --write`;
}

/** Where the private key is on the person's computer, for the configuration to name. */
function PrivateKeyFile({ file, setFile }: { file: string; setFile: (file: string) => void }) {
  const [typed, setTyped] = useState(file);
  const take = (): void => setFile(typed.trim() || DEFAULT_FILE);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
    >
      <Field
        className="max-w-sm"
        label="Private key on your computer"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={take}
        maxLength={512}
        autoComplete="off"
        spellCheck={false}
        placeholder={DEFAULT_FILE}
        hint="The lines below name it."
      />
    </form>
  );
}

function Uses({ config }: { config: SshConfig }) {
  const { host } = config;
  const uses: [string, string][] = [
    ["A shell", `ssh ${host}`],
    ["Copy a file", `scp notes.md ${host}:workspace/`],
    ["Keep folders alike", `rsync -az ./site/ ${host}:workspace/site/`],
    ["VS Code, with Remote - SSH", `code --remote ssh-remote+${host}`],
    ["Its port 5173 here", `ssh -L 5173:localhost:5173 ${host}`],
  ];
  return (
    <div className="grid gap-2">
      <h3 className="font-medium">Then</h3>
      <dl className="grid min-w-0 border-t border-line">
        {uses.map(([what, command]) => (
          <div
            key={what}
            className="grid min-w-0 items-center gap-x-4 border-b border-line py-1 sm:min-h-9 sm:grid-cols-[12rem_minmax(0,1fr)]"
          >
            <dt className="text-muted">{what}</dt>
            <dd className="flex min-w-0 items-center justify-between gap-2">
              <code className="min-w-0 font-mono text-12 break-words">{command}</code>
              <CopyButton text={command} label="" aria-label={`Copy ${command}`} title="Copy" />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
