import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { writeFile } from "@/queries/contents";
import { headFileQuery } from "@/queries/git";
import { Button } from "@/ui/Button";
import { FailureLine } from "@/ui/Failure";
import { ShapeMark } from "@/ui/StateMark";
import type { OpenDocument } from "./document";
import { closeTab } from "./open";
import { baseName } from "./tabs";

/** A file that the machine does not have. What HEAD has of it can be brought back. */
export default function LostView({ file }: { file: OpenDocument }) {
  const { projectId, path } = file;
  const head = useQuery({ ...headFileQuery(projectId, path), retry: false });
  const [refusal, setRefusal] = useState<unknown>(null);
  const bringBack = async (bytes: Uint8Array): Promise<void> => {
    try {
      await writeFile(projectId, path, new Uint8Array(bytes), { ifNoneMatch: "*" });
      await file.reopen();
    } catch (error) {
      setRefusal(error);
    }
  };
  const { data } = head;
  return (
    <div className="grid flex-1 content-center justify-items-center gap-4 p-6 text-center">
      <p className="flex items-center gap-2 text-16">
        <ShapeMark shape="ring" className="text-muted" />
        {baseName(path)} is not in the machine.
      </p>
      <p className="max-w-prose text-muted">
        {data ? "It was deleted since HEAD." : "It was deleted or moved, or was never there."}
      </p>
      <FailureLine error={refusal} />
      <div className="flex flex-wrap justify-center gap-2">
        {data && (
          <Button kind="primary" onClick={() => void bringBack(data)}>
            Bring it back from HEAD
          </Button>
        )}
        <Button onClick={() => closeTab(projectId, path)}>Close file</Button>
      </div>
    </div>
  );
}
