import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { useStored } from "@/ui/stored";
import { PART_WORDS } from "./board";
import { PARTS, type Part } from "./parts";
import { boardSettings } from "./settings";

interface BarProps {
  counts: Record<Part, number>;
  part: Part | undefined;
  text: string;
  choose: (part: Part | undefined) => void;
  search: (text: string) => void;
}

/** What of the board is shown. */
export function BoardBar({ counts, part, text, choose, search }: BarProps) {
  const { screens } = useStored(boardSettings);
  const all = PARTS.reduce((sum, name) => sum + counts[name], 0);
  return (
    <div className="flex min-w-0 flex-1 items-center gap-2">
      <div
        role="toolbar"
        aria-label="Show"
        className="flex min-w-0 items-center gap-0.5 overflow-x-auto py-1 [scrollbar-width:none]"
      >
        <Chip name="All" count={all} on={!part} press={() => choose(undefined)} />
        {PARTS.map((name) => (
          <Chip
            key={name}
            name={PART_WORDS[name].short}
            count={counts[name]}
            on={part === name}
            press={() => choose(part === name ? undefined : name)}
          />
        ))}
      </div>
      <label className="relative ml-auto shrink-0">
        <Icon
          name="search"
          className="pointer-events-none absolute top-1.5 left-2 size-4 text-muted touch:top-3"
        />
        <input
          type="search"
          id="board-filter"
          aria-label="Filter the board"
          aria-keyshortcuts="/"
          placeholder="Filter"
          value={text}
          onChange={(event) => search(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            search("");
            event.currentTarget.blur();
          }}
          className="h-7 w-32 min-w-0 rounded-md bg-transparent pr-1 pl-8 hover:bg-raised focus:bg-raised max-md:not-focus:placeholder-shown:w-8 touch:h-10 touch:text-16 xl:w-40"
        />
      </label>
      <Button
        kind="quiet"
        size="small"
        aria-pressed={screens}
        title="Show the last lines of each terminal"
        onClick={() => boardSettings.set({ screens: !screens })}
        icon={<Icon name="terminal" className="size-3.5" />}
        className="aria-pressed:bg-raised aria-pressed:text-text max-lg:hidden"
      >
        Screens
      </Button>
    </div>
  );
}

interface ChipProps {
  name: string;
  count: number;
  on: boolean;
  press: () => void;
}

function Chip({ name, count, on, press }: ChipProps) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={press}
      className={classes(
        "flex h-7 shrink-0 items-center gap-1.5 rounded-md px-2 whitespace-nowrap text-muted -outline-offset-2 hover:bg-raised hover:text-text aria-pressed:bg-raised aria-pressed:text-text touch:h-10 touch:px-3",
        !count && !on && "max-md:hidden",
      )}
    >
      {name}
      <span data-number className="text-12 text-muted">
        {count}
      </span>
    </button>
  );
}
