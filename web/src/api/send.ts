/** Requests of bytes and streams, which the typed client does not carry: traced and refused as its own are. */
import { problemFrom, unreachable } from "./problem";
import { newTraceId, traceparent } from "./trace";

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Request {
  method?: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  query?: Query;
  /** A body of JSON; `body` is one of bytes. */
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** An address with the parts of its query that are there. */
export function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return search.size ? `${path}?${search}` : path;
}

/** The answer of a request that was not refused. Throws ApiError; a cancelled one throws what `fetch` throws. */
export async function send(path: string, request: Request = {}): Promise<Response> {
  const { method = "GET", query, json, body, headers, signal } = request;
  const traceId = newTraceId();
  const type = json === undefined && body !== undefined ? "application/octet-stream" : "application/json";
  const response = await fetch(address(path, query), {
    method,
    body: json === undefined ? body : JSON.stringify(json),
    // The server refuses unsafe requests that a plain form could have made, so even an empty one names a type.
    headers: {
      traceparent: traceparent(traceId),
      ...(method === "GET" ? {} : { "content-type": type }),
      ...headers,
    },
    credentials: "same-origin",
    signal,
  }).catch((error: unknown) => {
    throw signal?.aborted ? error : unreachable(traceId);
  });
  if (!response.ok) throw await problemFrom(response, traceId);
  return response;
}

/** What JSON an answer holds. */
export async function sendForJson<T>(path: string, request?: Request): Promise<T> {
  return (await (await send(path, request)).json()) as T;
}
