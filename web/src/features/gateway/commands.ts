/** What the palette offers, and how a few letters find it. */

import { asApiError } from "@/api/problem";
import type { Project } from "@/api/types";
import { queryClient } from "@/queries/client";
import { startNow, stopNow } from "@/queries/projects";
import { announce } from "@/ui/announce";
import { repoName } from "@/ui/format";
import type { IconName } from "@/ui/Icon";
import { stateWord } from "@/ui/StateMark";
import { setTheme } from "@/ui/theme";
import { offeredCommands } from "./offered";

export interface Reach {
  go: (to: string) => void;
  signOut: () => void;
}

export interface Command {
  id: string;
  name: string;
  hint: string;
  icon: IconName;
  run: (reach: Reach) => void;
}

export function commandsFor(projects: Project[]): Command[] {
  const switches = projects.flatMap(switchProject);
  return [...offeredCommands(), ...projects.map(openProject), ...switches, ...PAGES, ...THEMES, SIGN_OUT];
}

function openProject(project: Project): Command {
  const source = project.repo_url ? ` · ${repoName(project.repo_url)}` : "";
  return {
    id: `open-${project.id}`,
    name: project.name,
    hint: `${stateWord(project.status)}${source}`,
    icon: "terminal",
    run: ({ go }) => go(`/projects/${project.id}`),
  };
}

function switchProject(project: Project): Command[] {
  if (project.status === "running") {
    const run = (): void => said(stopNow(queryClient, project.id));
    return [{ id: `stop-${project.id}`, name: `Stop ${project.name}`, hint: "action", icon: "stop", run }];
  }
  if (project.status === "stopped" || project.status === "error") {
    const run = ({ go }: Reach): void => {
      said(startNow(queryClient, project.id));
      go(`/projects/${project.id}`);
    };
    return [{ id: `start-${project.id}`, name: `Start ${project.name}`, hint: "action", icon: "play", run }];
  }
  return [];
}

/** The palette is gone when the refusal comes, so it is said. */
function said(work: Promise<void>): void {
  work.catch((error: unknown) => announce(asApiError(error).message));
}

function page(to: string, name: string, icon: IconName, hint: string): Command {
  return { id: to, name, hint, icon, run: ({ go }) => go(to) };
}

const PAGES: Command[] = [
  page("/projects?new=true", "Create project", "plus", "n"),
  page("/projects", "All projects", "folder", "g p"),
  page("/settings/profile", "Profile", "user", "g s"),
  page("/settings/keys", "Keys", "key", "g k"),
  page("/settings/github", "GitHub", "branch", "settings"),
  page("/settings/notifications", "Notifications", "bell", "g n"),
  page("/settings/sessions", "Sign-in sessions", "screen", "settings"),
  page("/settings/tokens", "Access tokens", "lock", "g t"),
];

const THEMES: Command[] = [
  { id: "dark", name: "Dark theme", hint: "appearance", icon: "moon", run: () => setTheme("dark") },
  { id: "light", name: "Light theme", hint: "appearance", icon: "sun", run: () => setTheme("light") },
  {
    id: "system",
    name: "System theme",
    hint: "appearance",
    icon: "screen",
    run: () => setTheme("system"),
  },
];

const SIGN_OUT: Command = {
  id: "sign-out",
  name: "Sign out",
  hint: "account",
  icon: "leave",
  run: ({ signOut }) => signOut(),
};

/** Commands that hold every word, those that begin with the text first. */
export function matching(commands: Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const held = commands.filter((command) => {
    const all = `${command.name} ${command.hint}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const begins = (command: Command): number =>
    command.name.toLowerCase().startsWith(text.toLowerCase()) ? 0 : 1;
  return held.sort((a, b) => begins(a) - begins(b)).slice(0, 50);
}
