/** W3C trace context: one trace id may run through several requests of one thing a person did. */

const HEX = "0123456789abcdef";

function hex(bytes: number): string {
  const raw = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(raw, (byte) => `${HEX[byte >> 4]}${HEX[byte & 15]}`).join("");
}

export function newTraceId(): string {
  return hex(16);
}

/** A `traceparent` value: the given trace, a new span, sampled. */
export function traceparent(traceId: string = newTraceId()): string {
  return `00-${traceId}-${hex(8)}-01`;
}

/** The trace id in a `traceparent`, or "" if it is not one. */
export function traceIdOf(header: string | null): string {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(header ?? "")?.[1] ?? "";
}

/**
 * The trace of a start click, by project, until its first terminal is open: what the person did once is one trace,
 * although it is several requests.
 */
const flows = new Map<string, string>();

export function beginFlow(projectId: string): string {
  const traceId = newTraceId();
  flows.set(projectId, traceId);
  return traceId;
}

export function flowOf(projectId: string): string | undefined {
  return flows.get(projectId);
}

export function endFlow(projectId: string): void {
  flows.delete(projectId);
}

/** Headers that put a request into the project's flow, or into a trace of its own. */
export function flowHeaders(projectId: string): { traceparent: string } {
  return { traceparent: traceparent(flowOf(projectId)) };
}
