import { CopyButton } from "./Copy";

/** A secret in one line, for the only time it is seen. */
export function SecretLine({ label, secret }: { label: string; secret: string }) {
  return (
    <div className="flex items-center gap-2 rounded-md border border-edge bg-screen py-1 pl-3 pr-1">
      <input
        readOnly
        aria-label={label}
        value={secret}
        onFocus={(event) => event.currentTarget.select()}
        className="min-w-0 flex-1 bg-transparent font-mono text-13 outline-none"
      />
      <CopyButton text={secret} kind="plain" />
    </div>
  );
}
