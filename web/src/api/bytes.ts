/** Requests whose bodies or answers are bytes: traced like every other, and failing with ApiError only. */
import { problemFrom, unreachable } from "./problem";
import { traceIdOf, traceparent } from "./trace";

/** The answer, its body unread. Statuses in `also` are answers too, as 304 is where one was asked for. */
export async function fetchBytes(
  url: string,
  init: RequestInit = {},
  also: readonly number[] = [],
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("traceparent")) headers.set("traceparent", traceparent());
  const trace = traceIdOf(headers.get("traceparent"));
  const response = await fetch(url, { ...init, headers, credentials: "same-origin" }).catch((error) => {
    // Who called it off knows that already.
    throw init.signal?.aborted ? error : unreachable(trace);
  });
  if (!response.ok && !also.includes(response.status)) throw await problemFrom(response, trace);
  return response;
}
