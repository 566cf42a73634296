/** The contents of files: read with their version, written only over the version that was read. */
import { fetchBytes } from "@/api/bytes";
import { ApiError, problemFrom } from "@/api/problem";

export interface Contents {
  /** The version, quoted as HTTP has it. */
  etag: string;
  size: number;
  /** The media type, guessed by name. */
  type: string;
  modified: string;
  /** Null when there are more than were asked for. */
  bytes: Uint8Array | null;
}

export interface ReadOptions {
  /** The version that is known already. */
  unless?: string | null;
  /** In bytes; longer files come without them. */
  limit: number;
}

export type Condition = { ifMatch: string } | { ifNoneMatch: "*" };

export interface Written {
  etag: string;
  size: number;
}

/** The file was changed, made or deleted after the version that a save was for. */
export class ChangedMeanwhile extends Error {
  override name = "ChangedMeanwhile";

  constructor(
    /** The machine's version; null when it has no such file. */
    readonly etag: string | null,
  ) {
    super("The file has changed in the machine.");
  }
}

export function contentsUrl(projectId: string, path: string, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ path, ...more });
  return `/api/projects/${encodeURIComponent(projectId)}/files?${query}`;
}

/** Null when there is no such file; "unchanged" when it is the version that is known. */
export async function readFile(
  projectId: string,
  path: string,
  { unless, limit }: ReadOptions,
): Promise<Contents | "unchanged" | null> {
  const over = new AbortController();
  const headers: Record<string, string> = unless ? { "If-None-Match": unless } : {};
  const init: RequestInit = { headers, signal: over.signal, cache: "no-store" };
  const response = await fetchBytes(contentsUrl(projectId, path), init, [304, 404]);
  if (response.status === 304) return "unchanged";
  if (response.status === 404) return absent(response);
  const contents = described(response);
  if (contents.size <= limit) return withBytes(contents, await response.arrayBuffer(), limit);
  over.abort();
  return contents;
}

async function absent(response: Response): Promise<null> {
  const refusal = await problemFrom(response, "");
  if (refusal.problem.type.endsWith("not-found")) return null;
  throw refusal;
}

function described(response: Response): Contents {
  const { headers } = response;
  const etag = headers.get("ETag");
  if (!etag) throw new ApiError({ type: "is-a-folder", title: "This is a folder.", status: 409 }, "");
  return {
    etag: etag.replace(/^W\//, ""),
    // Absent when it was packed on its way.
    size: Number(headers.get("Content-Length") ?? 0),
    type: (headers.get("Content-Type") ?? "").split(";")[0] ?? "",
    modified: headers.get("Last-Modified") ?? "",
    bytes: null,
  };
}

function withBytes(contents: Contents, body: ArrayBuffer, limit: number): Contents {
  const size = body.byteLength;
  return { ...contents, size, bytes: size <= limit ? new Uint8Array(body) : null };
}

/** The first bytes of a file, as many as asked for or as there are. */
export async function readHead(projectId: string, path: string, count: number): Promise<Uint8Array> {
  const headers = { Range: `bytes=0-${count - 1}` };
  const response = await fetchBytes(contentsUrl(projectId, path), { headers, cache: "no-store" }, [416]);
  // An empty file has no first byte to give.
  if (response.status === 416) return new Uint8Array();
  return new Uint8Array(await response.arrayBuffer()).subarray(0, count);
}

/** Fails with ChangedMeanwhile when the machine's version is not the one in the condition. */
export async function writeFile(
  projectId: string,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  given: Condition,
): Promise<Written> {
  const headers: Record<string, string> = {
    "Content-Type": "application/octet-stream",
    ...("ifMatch" in given ? { "If-Match": given.ifMatch } : { "If-None-Match": given.ifNoneMatch }),
  };
  const response = await fetchBytes(
    contentsUrl(projectId, path),
    { method: "PUT", headers, body: bytes },
    [412],
  );
  const answer = (await response.json()) as { etag?: string | null; size?: number };
  if (response.status === 412)
    throw new ChangedMeanwhile(quoted(answer.etag ?? response.headers.get("ETag")));
  return {
    etag: quoted(answer.etag ?? response.headers.get("ETag")) ?? "",
    size: answer.size ?? bytes.length,
  };
}

/** In a body a version may stand without the quotes it has in a header. */
function quoted(etag: string | null | undefined): string | null {
  if (!etag) return null;
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
