import type { ReactNode } from "react";
import { asApiError } from "@/api/problem";
import { Button } from "./Button";
import { CopyButton } from "./Copy";
import { ShapeMark } from "./StateMark";

/** What happened, what to do, and the trace id to hand on. */
export function Failure({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const failure = asApiError(error);
  return (
    <div role="alert" className="grid justify-items-start gap-2 py-6">
      <p className="flex items-center gap-2 text-14 font-medium">
        <ShapeMark shape="cross" className="text-failed" />
        {title ?? (failure.offline ? "Offline" : failure.problem.title)}
      </p>
      {failure.message !== failure.problem.title || title || failure.offline ? (
        <p className="max-w-prose text-muted">{failure.message}</p>
      ) : null}
      <div className="flex flex-wrap items-center gap-2">
        {retry && (
          <Button size="small" onClick={retry}>
            Try again
          </Button>
        )}
        <TraceId id={failure.traceId} />
      </div>
    </div>
  );
}

/** A refusal in a form or beside a button: one line. */
export function FailureLine({ error, children }: { error: unknown; children?: ReactNode }) {
  if (!error) return null;
  const failure = asApiError(error);
  return (
    <div role="alert" className="flex items-start gap-2 rounded-md bg-failed-soft px-2.5 py-1.5 text-13">
      <ShapeMark shape="cross" className="mt-[5px] text-failed" />
      <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-2 gap-y-1">
        <span className="min-w-0 break-words">{failure.message}</span>
        {children}
        {failure.status !== 422 && failure.status !== 401 && <TraceId id={failure.traceId} />}
      </span>
    </div>
  );
}

function TraceId({ id }: { id: string }) {
  if (!id) return null;
  return <CopyButton text={id} label="Copy trace id" title={id} />;
}
