import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { contentsUrl, readHead } from "@/queries/contents";
import { Button, buttonLook } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { Skeleton } from "@/ui/Skeleton";
import type { OpenDocument } from "./document";
import type { DocumentView } from "./documentView";
import { hexLines } from "./hex";
import { fileSize } from "./sizes";
import { looksBinary } from "./text";

const HeadText = lazy(() => import("./HeadText"));

const SHOWN = 4096;
const READ_BYTES = 1024 * 1024;

/** A file that is no text, or too much of one: what it is, how it begins, and how to get it. */
export function BytesView({ file, view }: { file: OpenDocument; view: DocumentView }) {
  const [reading, setReading] = useState(false);
  const query = useQuery({
    queryKey: ["head-bytes", file.projectId, file.path, view.etag],
    queryFn: () => readHead(file.projectId, file.path, SHOWN),
    gcTime: 0,
  });
  if (reading)
    return (
      <Suspense fallback={<div role="status" aria-label="Reading" className="flex-1 bg-screen" />}>
        <HeadText file={file} count={READ_BYTES} size={view.size} close={() => setReading(false)} />
      </Suspense>
    );
  const isText = query.data !== undefined && !looksBinary(query.data);
  return (
    <div className="min-h-0 flex-1 overflow-auto p-5">
      <div className="grid max-w-3xl gap-4">
        <div className="grid gap-1">
          <p className="text-14 font-medium">{words(view, isText)}</p>
          <p className="text-muted">
            <span data-number>{fileSize(view.size)}</span> · {view.type || "unknown type"}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <a
            href={contentsUrl(file.projectId, file.path, { download: "1" })}
            download
            className={buttonLook("plain")}
          >
            <Icon name="download" />
            Download
          </a>
          {isText && <Button onClick={() => setReading(true)}>Open the first 1 MB to read</Button>}
        </div>
        {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && <Skeleton className="w-80" />}
        {query.data && <Hex bytes={query.data} whole={view.size <= SHOWN} />}
      </div>
    </div>
  );
}

function words(view: DocumentView, isText: boolean): string {
  if (view.phase !== "large") return "This file is no text.";
  return isText ? "This file is too large to be edited here." : "This file is large, and no text.";
}

function Hex({ bytes, whole }: { bytes: Uint8Array; whole: boolean }) {
  if (!bytes.length) return <p className="text-muted">It is empty.</p>;
  return (
    <section aria-label="Bytes" className="grid gap-2">
      <h2 className="text-12 text-muted">{whole ? "All of its bytes" : "Its first 4 KB"}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be reached by the keyboard for that. */}
      <pre tabIndex={0} className="overflow-x-auto font-mono text-12 leading-5">
        {hexLines(bytes).map((line) => (
          <div key={line.offset} className="flex gap-5">
            <span className="text-muted">{line.offset}</span>
            <span className="w-[47ch] shrink-0">{line.hex}</span>
            <span className="text-muted max-sm:hidden">{line.text}</span>
          </div>
        ))}
      </pre>
    </section>
  );
}
