import { ago, exact, until } from "./format";
import { useNow } from "./now";

/** A past moment, relative; the exact one on hover. */
export function Ago({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exact(at)} className="whitespace-nowrap">
      {ago(at, useNow())}
    </time>
  );
}

/** A coming moment, relative; the exact one on hover. */
export function Until({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exact(at)} className="whitespace-nowrap">
      {until(at, useNow())}
    </time>
  );
}
