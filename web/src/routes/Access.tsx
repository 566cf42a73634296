import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { asApiError } from "@/api/problem";
import { Connect } from "@/features/access/Connect";
import { KeyPairs } from "@/features/access/KeyPairs";
import { DEFAULT_FILE } from "@/features/access/names";
import { TopBar } from "@/features/gateway/TopBar";
import { projectQuery } from "@/queries/projects";
import { Crumbs } from "@/ui/Crumbs";
import { Failure } from "@/ui/Failure";
import { SkeletonRows } from "@/ui/Skeleton";
import { useTitle } from "@/ui/title";
import { PageNotFound } from "./Fallbacks";

/** The way into a project's machine by SSH. */
export function Access() {
  const { projectId } = useParams({ from: "/signed-in/projects/$projectId/ssh" });
  const query = useQuery(projectQuery(projectId));
  const [file, setFile] = useState(DEFAULT_FILE);
  const project = query.data;
  useTitle(project ? `SSH access to ${project.name}` : "SSH access");
  if (query.error && asApiError(query.error).status === 404) return <PageNotFound />;
  return (
    <>
      <TopBar>
        <Crumbs project={project} here="SSH access" />
      </TopBar>
      <main id="main" className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto grid max-w-3xl grid-cols-[minmax(0,1fr)] content-start gap-10 px-4 py-4 md:py-8">
          {query.isPending && <SkeletonRows count={3} label="Loading the project" />}
          {query.error && !project && <Failure error={query.error} retry={() => void query.refetch()} />}
          {project && (
            <>
              <KeyPairs project={project} file={file} />
              <Connect project={project} file={file} setFile={setFile} />
            </>
          )}
        </div>
      </main>
    </>
  );
}
