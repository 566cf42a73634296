import { useState } from "react";
import type { Port } from "@/api/types";

const MOST = 64;

/** What people call a port: looks like text until it is typed in; Enter or leaving keeps it, Escape does not. */
export function LabelField({ port, save }: { port: Port; save: (label: string) => void }) {
  const [text, setText] = useState<string | null>(null);
  const keep = (): void => {
    if (text !== null && text.trim() !== port.label) save(text.trim());
    setText(null);
  };
  const press = (event: React.KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "Escape") setText(null);
    else if (event.key !== "Enter") return;
    event.preventDefault();
    // After Escape the text is what it was by the time the field is left.
    requestAnimationFrame(() => (event.target as HTMLElement).blur());
  };
  return (
    <input
      aria-label={`Label of port ${port.port}`}
      placeholder="Add a label"
      value={text ?? port.label}
      maxLength={MOST}
      autoComplete="off"
      onChange={(event) => setText(event.target.value)}
      onKeyDown={press}
      onBlur={keep}
      className="h-6 min-w-0 flex-1 truncate rounded-md border border-transparent bg-transparent px-1 -ml-1.25 text-12 outline-none placeholder:text-muted hover:border-line focus:border-accent focus:bg-surface touch:h-9 touch:text-16"
    />
  );
}
