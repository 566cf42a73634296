import type { Repository } from "@/api/types";
import { githubStart } from "@/queries/github";
import { Button, buttonLook } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { GitHubMark } from "./GitHubMark";
import type { LinkedGitHub } from "./linked";

interface FromGitHubProps {
  github: LinkedGitHub;
  picked: Repository | null;
  pick: () => void;
}

/** The way from a new project's form to the person's repositories; the same height in every state. */
export function FromGitHub({ github, picked, pick }: FromGitHubProps) {
  if (!github.configured) return null;
  if (picked)
    return (
      <div className="flex h-8 items-center gap-2 rounded-md bg-raised pr-1 pl-3 touch:h-10">
        <GitHubMark />
        <span className="min-w-0 flex-1 truncate font-medium">{picked.full_name}</span>
        {picked.private && <Icon name="lock" className="size-3.5 text-muted" />}
        <Button kind="quiet" size="small" onClick={pick}>
          Change
        </Button>
      </div>
    );
  if (github.account || github.pending)
    return (
      <Button busy={github.pending} onClick={pick} icon={<GitHubMark />}>
        Choose from GitHub
      </Button>
    );
  return (
    <a href={githubStart("/projects?new=true")} className={buttonLook("plain")}>
      <GitHubMark />
      Link GitHub to choose a repository
    </a>
  );
}
