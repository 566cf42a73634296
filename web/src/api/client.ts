/** The one way to the API: typed by the generated schema, traced, and failing with ApiError only. */
import createClient, { type Middleware } from "openapi-fetch";
import { problemFrom, unreachable } from "./problem";
import type { paths } from "./schema";
import { newTraceId, traceIdOf, traceparent } from "./trace";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

const traced: Middleware = {
  onRequest({ request }) {
    if (!request.headers.has("traceparent")) request.headers.set("traceparent", traceparent());
    // The server refuses unsafe requests that a plain form could have made, so even an empty one says JSON.
    if (!SAFE.has(request.method)) request.headers.set("content-type", "application/json");
    return request;
  },
  async onResponse({ request, response }) {
    if (!response.ok) throw await problemFrom(response, traceIdOf(request.headers.get("traceparent")));
  },
  onError({ request }) {
    return unreachable(traceIdOf(request.headers.get("traceparent")));
  },
};

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(traced);

/** The data of an answer. Refusals have been thrown by the time this runs. */
export async function answer<T>(request: Promise<{ data?: T }>): Promise<T> {
  return (await request).data as T;
}

export function idempotencyKey(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": newTraceId() };
}
