import { CopyButton } from "./Copy";

/** The command that does in a shell what the button above does here. */
export function ShellHint({ command }: { command: string }) {
  return (
    <p className="flex max-w-full min-w-0 flex-wrap items-center justify-center gap-x-2 gap-y-1 text-12 text-muted">
      <span>or in a shell</span>
      <span className="flex max-w-full min-w-0 items-center rounded-md bg-raised pl-2.5">
        <code className="min-w-0 py-1 text-left font-mono break-words text-text">{command}</code>
        <CopyButton text={command} label="" aria-label={`Copy ${command}`} title="Copy" />
      </span>
    </p>
  );
}
