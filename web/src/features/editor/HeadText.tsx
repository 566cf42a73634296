import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { readHead } from "@/queries/contents";
import { Button } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { Band } from "./Band";
import type { OpenDocument } from "./document";
import { readOnly } from "./setup";
import { fileSize } from "./sizes";
import { baseName } from "./tabs";

interface HeadProps {
  file: OpenDocument;
  /** How many bytes to read. */
  count: number;
  size: number;
  close: () => void;
}

/** The beginning of a text that is too large to be edited. */
export default function HeadText({ file, count, size, close }: HeadProps) {
  const place = useRef<HTMLDivElement>(null);
  const query = useQuery({
    queryKey: ["head-text", file.projectId, file.path, size],
    queryFn: async () => new TextDecoder().decode(await readHead(file.projectId, file.path, count)),
    gcTime: 0,
  });
  useEffect(() => {
    if (!place.current || query.data === undefined) return;
    const extensions = readOnly(`${baseName(file.path)}, its beginning`);
    const state = EditorState.create({ doc: query.data, extensions });
    const view = new EditorView({ state, parent: place.current });
    return () => view.destroy();
  }, [query.data, file]);
  return (
    <>
      <Band
        shape="ring"
        tone="text-muted"
        actions={
          <Button size="small" onClick={close}>
            Close
          </Button>
        }
      >
        The first {fileSize(Math.min(count, size))} of {fileSize(size)}, to read.
      </Band>
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      <div ref={place} className="min-h-0 flex-1 overflow-hidden" />
    </>
  );
}
