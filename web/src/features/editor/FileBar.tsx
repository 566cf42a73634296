import type { ReactNode } from "react";
import { contentsUrl } from "@/queries/contents";
import { Button } from "@/ui/Button";
import { copyText } from "@/ui/Copy";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { MenuButton, type MenuEntry } from "@/ui/MenuButton";
import { CHORDS, chordWords } from "./keys";
import { setMode } from "./open";
import { setEditorSettings, useEditorSettings } from "./settings";
import type { Mode, Tab } from "./tabs";

interface BarProps {
  projectId: string;
  tab: Tab;
  /** The ways to show this file. */
  modes: readonly Mode[];
  /** What else its menu offers. */
  entries?: MenuEntry[];
  save?: () => void;
  saveAll?: () => void;
  saving?: boolean;
  close: () => void;
  children?: ReactNode;
}

const WORDS: Record<Mode, string> = { text: "Text", diff: "Changes", preview: "Preview" };

/** Where the file is, how it is shown, and what can be done with it. */
export function FileBar(props: BarProps) {
  const { projectId, tab, modes, save, saving, children } = props;
  return (
    <div className="flex h-8 shrink-0 items-center gap-2 border-b border-line pl-3 pr-2 touch:h-11">
      <Trail path={tab.path} />
      <span className="ml-auto flex shrink-0 items-center gap-1">
        {children}
        {tab.dirty && save && (
          <Button
            size="small"
            kind="primary"
            busy={saving}
            onClick={save}
            title={`Save (${chordWords("S")})`}
          >
            Save
          </Button>
        )}
        {modes.length > 1 && <Modes projectId={projectId} tab={tab} modes={modes} />}
        <FileMenu {...props} />
      </span>
    </div>
  );
}

/** The folders of a path down to its name; on a narrow place its end is what is seen. */
function Trail({ path }: { path: string }) {
  const parts = path.split("/").slice(1);
  return (
    <nav aria-label="Path" className="min-w-0 overflow-hidden text-12" title={path}>
      <ol className="flex min-w-0 items-center justify-end text-muted">
        {parts.map((part, at) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: a place in a path is what it is.
            key={at}
            className={classes(
              "flex items-center whitespace-nowrap",
              at === parts.length - 1 ? "min-w-0 text-text" : "shrink-0 @max-lg:hidden",
            )}
          >
            {at > 0 && <Icon name="right" className="size-3 @max-lg:hidden" />}
            <span className="truncate px-0.5">{part}</span>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Modes({ projectId, tab, modes }: Pick<BarProps, "projectId" | "tab" | "modes">) {
  return (
    <fieldset aria-label="Show" className="flex items-center">
      {modes.map((mode) => (
        <button
          key={mode}
          type="button"
          aria-pressed={tab.mode === mode}
          onClick={() => setMode(projectId, tab.path, mode)}
          className="h-6 rounded-md px-2 text-12 text-muted hover:text-text aria-pressed:bg-raised aria-pressed:text-text touch:h-9"
        >
          {WORDS[mode]}
        </button>
      ))}
    </fieldset>
  );
}

const SIZES = { 12: "Small", 13: "Normal", 16: "Large" };

function FileMenu({ projectId, tab, entries = [], save, saveAll, close }: BarProps) {
  const { wrap, vim, fontSize } = useEditorSettings();
  const download = (): void => location.assign(contentsUrl(projectId, tab.path, { download: "1" }));
  return (
    <MenuButton
      label="File menu"
      entries={[
        save ? { icon: "check", text: "Save", hint: chordWords("S"), run: save } : false,
        saveAll ? { icon: "check", text: "Save all", hint: chordWords("Alt+S"), run: saveAll } : false,
        { icon: "download", text: "Download", run: download },
        { icon: "copy", text: "Copy path", run: () => void copyText(tab.path.slice(1)) },
        ...entries,
        "line",
        { text: "Wrap long lines", on: wrap, set: (on) => setEditorSettings({ wrap: on }) },
        { text: "Vim keys", on: vim, set: (on) => setEditorSettings({ vim: on }) },
        {
          text: "Text size",
          words: SIZES,
          value: String(fontSize),
          choose: (size) => setEditorSettings({ fontSize: Number(size) }),
        },
        "line",
        { icon: "close", text: "Close file", hint: CHORDS.close, run: close },
      ]}
    />
  );
}
