import { Link } from "@tanstack/react-router";
import type { Project } from "@/api/types";
import { Icon } from "./Icon";
import { Skeleton } from "./Skeleton";

/** project › here */
export function Crumbs({ project, here }: { project: Project | undefined; here: string }) {
  return (
    <nav aria-label="Breadcrumb" className="flex min-w-0 items-center gap-1">
      {project ? (
        <Link
          to="/projects/$projectId"
          params={{ projectId: project.id }}
          className="truncate rounded-md px-1 text-muted hover:text-text"
        >
          {project.name}
        </Link>
      ) : (
        <Skeleton className="w-24" />
      )}
      <Icon name="right" className="size-3.5 text-muted" />
      <h1 className="truncate font-medium">{here}</h1>
    </nav>
  );
}
