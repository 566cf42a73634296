import { Text } from "@codemirror/state";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { gitStatusQuery, headFileQuery } from "@/queries/git";
import { Failure } from "@/ui/Failure";
import { Band } from "./Band";
import { CompareView } from "./CompareView";
import type { OpenDocument } from "./document";
import type { DocumentView } from "./documentView";
import { fromBytes } from "./text";

const NAMES = { original: "HEAD", own: "Now", over: "HEAD" };
const WORDS = { take: "Bring back", keep: null };

/** A file against the last commit; pieces of that can be brought back. */
export default function HeadView({ file, view }: { file: OpenDocument; view: DocumentView }) {
  const { projectId, path } = file;
  const status = useQuery(gitStatusQuery(projectId)).data;
  const from = status?.items.find((item) => item.path === path)?.from ?? path;
  const query = useQuery(headFileQuery(projectId, from));
  const { refetch } = query;
  useEffect(() => {
    // A commit has moved HEAD under the comparison.
    if (status?.head) void refetch();
  }, [status?.head, refetch]);
  const original = useMemo(() => {
    const read = query.data ? fromBytes(query.data) : null;
    return Text.of((read?.text ?? "").split("\n"));
  }, [query.data]);

  if (query.error)
    return (
      <div className="px-5">
        <Failure
          error={query.error}
          retry={() => void refetch()}
          title={status?.repository === false ? "This project is no git repository" : undefined}
        />
      </div>
    );
  if (query.isPending) return <div role="status" aria-label="Reading HEAD" className="flex-1 bg-screen" />;
  return (
    <>
      {query.data === null && (
        <Band shape="disc" tone="text-done">
          New since HEAD: every line is added.
        </Band>
      )}
      <CompareView file={file} view={view} original={original} names={NAMES} words={WORDS} />
    </>
  );
}
