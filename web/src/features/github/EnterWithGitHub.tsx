import { useQuery } from "@tanstack/react-query";
import { githubStart } from "@/queries/github";
import { configQuery } from "@/queries/me";
import { buttonLook } from "@/ui/Button";
import { GitHubMark } from "./GitHubMark";

interface EnterProps {
  /** Where the person wanted to go. */
  next: string;
  children: string;
}

/** The way in by GitHub, where this server has one. It leaves the page, so it is a link. */
export function EnterWithGitHub({ next, children }: EnterProps) {
  const config = useQuery(configQuery).data;
  if (!config?.features.github) return null;
  return (
    <div className="grid gap-5">
      <a href={githubStart(next)} className={buttonLook("plain", "large")}>
        <GitHubMark />
        {children}
      </a>
      <p className="flex items-center gap-3 text-12 text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
        or
      </p>
    </div>
  );
}
