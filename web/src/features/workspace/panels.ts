/** What shows and hides the panels of a project: the buttons, the keys and the palette all do the same. */
import { showFiles } from "@/features/files/commands";
import { NARROW } from "@/ui/media";
import { type Layout, type Side, type Single, toggleSide } from "./layout";
import { layoutOf, setLayout } from "./useLayout";

function isNarrow(): boolean {
  return matchMedia(NARROW).matches;
}

export function toggleFiles(projectId: string): void {
  if (isNarrow()) return void showOne(projectId, "files");
  const on = !layoutOf(projectId).files;
  setLayout(projectId, (layout) => ({ ...layout, files: on }));
  if (on) showFiles(projectId, "tree");
}

export function toggle(projectId: string, side: Side): void {
  if (isNarrow()) showOne(projectId, side);
  else setLayout(projectId, (layout) => toggleSide(layout, side));
}

export function searchInFiles(projectId: string): void {
  setLayout(projectId, (layout): Layout => ({ ...layout, files: true, single: "files" }));
  showFiles(projectId, "search");
}

export function goToTree(projectId: string): void {
  setLayout(projectId, (layout): Layout => ({ ...layout, files: true, single: "files" }));
  showFiles(projectId, "tree");
}

/** What a narrow screen shows. */
export function showOne(projectId: string, single: Single): void {
  setLayout(projectId, (layout) => ({ ...layout, single }));
}

/** Gives the editor or the terminal all of the middle, or brings the other one back. */
export function toggleMiddle(projectId: string, hide: "editor" | "terminal"): void {
  const others = hide === "editor" ? "terminal" : "editor";
  setLayout(projectId, (layout) => ({ ...layout, middle: layout.middle === others ? "both" : others }));
}
