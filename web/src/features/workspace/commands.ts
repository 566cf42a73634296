/** What the palette offers on a project's page. */
import type { Command } from "@/features/gateway/commands";
import type { IconName } from "@/ui/Icon";
import { type Act, chordWords } from "./keys";

export type PanelAct = Act | "tree" | "editor" | "terminal";

export function commandsOf(run: (act: PanelAct) => void): Command[] {
  const one = (act: PanelAct, name: string, icon: IconName, hint: string): Command => {
    return { id: `workspace-${act}`, name, icon, hint, run: () => run(act) };
  };
  return [
    one("go", "Go to file", "file", chordWords("go")),
    one("search", "Search in files", "search", chordWords("search")),
    one("files", "Show or hide files", "folder", chordWords("files")),
    one("tree", "Go to the tree of files", "folder", "focus"),
    one("runs", "Show or hide agents", "agent", chordWords("runs")),
    one("changes", "Show or hide changes", "changes", chordWords("changes")),
    one("ports", "Show or hide ports", "plug", chordWords("ports")),
    one("editor", "Show or hide the editor", "file", "panel"),
    one("terminal", "Show or hide the terminal", "terminal", "panel"),
  ];
}
