/** Requests with a query and a body of JSON or bytes, which the typed client does not carry. */
import { fetchBytes } from "./bytes";

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
export function send(path: string, request: Request = {}): Promise<Response> {
  const { method = "GET", query, json, body, headers, signal } = request;
  // The server refuses unsafe requests that a plain form could have made, so even an empty one names a type.
  const type = json === undefined && body !== undefined ? "application/octet-stream" : "application/json";
  return fetchBytes(address(path, query), {
    method,
    body: json === undefined ? body : JSON.stringify(json),
    headers: { ...(method === "GET" ? {} : { "content-type": type }), ...headers },
    signal,
  });
}

/** What JSON an answer holds. */
export async function sendForJson<T>(path: string, request?: Request): Promise<T> {
  return (await (await send(path, request)).json()) as T;
}
