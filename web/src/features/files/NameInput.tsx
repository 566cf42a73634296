import { useEffect, useRef, useState } from "react";
import { classes } from "@/ui/classes";
import { endingAt } from "./paths";

interface NameInputProps {
  label: string;
  name: string;
  /** Folders keep no ending to spare. */
  whole?: boolean;
  /** What is wrong with a name, in a sentence. */
  fault: (name: string) => string;
  done: (name: string) => void;
  cancel: () => void;
}

/** A name typed in its row: Enter takes it, Escape leaves it, and so does going elsewhere with nothing changed. */
export function NameInput({ label, name, whole, fault, done, cancel }: NameInputProps) {
  const [text, setText] = useState(name);
  const [tried, setTried] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  const wrong = text === name ? "" : fault(text);

  useEffect(() => {
    input.current?.focus();
    input.current?.setSelectionRange(0, whole ? name.length : endingAt(name));
  }, [name, whole]);

  const end = (act: () => void): void => {
    if (over.current) return;
    over.current = true;
    act();
  };
  const take = (): void => {
    setTried(true);
    if (text === name || !text) end(cancel);
    else if (!wrong) end(() => done(text));
  };
  const press = (event: React.KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Enter") take();
    else if (event.key === "Escape") end(cancel);
    else return;
    event.preventDefault();
  };

  const shown = wrong && (tried || text !== "");
  return (
    <span className="relative min-w-0 flex-1">
      <input
        ref={input}
        aria-label={label}
        aria-invalid={Boolean(shown)}
        aria-describedby={shown ? "name-fault" : undefined}
        value={text}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
        onBlur={() => (wrong ? end(cancel) : take())}
        onClick={(event) => event.stopPropagation()}
        className={classes(
          "h-6 w-full rounded-md border bg-surface px-1.5 text-text outline-none touch:h-9 touch:text-16",
          shown ? "border-failed" : "border-accent",
        )}
      />
      {shown && (
        <span
          id="name-fault"
          role="alert"
          className="absolute inset-x-0 top-full z-20 mt-0.5 rounded-md border border-failed bg-surface px-1.5 py-1 text-12 whitespace-normal text-failed shadow-[0_8px_24px_var(--shadow)]"
        >
          {wrong}
        </span>
      )}
    </span>
  );
}
