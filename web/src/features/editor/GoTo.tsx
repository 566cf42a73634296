import { useState } from "react";
import { INPUT_LOOK } from "@/ui/Field";

interface GoToProps {
  lines: number;
  go: (line: number, column: number) => void;
  close: () => void;
}

/** A line, or a line and a column as compilers write them: "120:8". */
export function GoTo({ lines, go, close }: GoToProps) {
  const [text, setText] = useState("");
  const press = (event: React.KeyboardEvent): void => {
    const [line = 0, column = 1] = text.split(/[:,]/).map(Number);
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && line > 0) {
      go(line, column || 1);
      close();
    } else return;
    event.preventDefault();
  };
  return (
    <div className="absolute left-1/2 top-2 z-10 w-64 max-w-[calc(100%-24px)] -translate-x-1/2 animate-appear rounded-md border border-edge bg-surface p-1.5 shadow-[0_8px_24px_var(--shadow)]">
      <input
        // biome-ignore lint/a11y/noAutofocus: it is opened to type into it.
        autoFocus
        aria-label={`Go to line, 1 to ${lines}`}
        placeholder={`Line 1 to ${lines}, or line:column`}
        inputMode="numeric"
        value={text}
        onChange={(event) => setText(event.target.value.replace(/[^\d:,]/g, ""))}
        onKeyDown={press}
        onBlur={close}
        className={INPUT_LOOK}
      />
    </div>
  );
}
