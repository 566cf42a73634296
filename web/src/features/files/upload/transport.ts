/** Sends uploads by XMLHttpRequest, because `fetch` does not tell how much of a body has gone out. */
import { asApiError, problemFrom, unreachable } from "@/api/problem";
import { address, send, sendForJson } from "@/api/send";
import { newTraceId, traceparent } from "@/api/trace";
import { makeFolder, statOf, uploadsUrl, uploadUrl } from "@/queries/files";
import type { Going, Transport } from "./queue";

interface Progress {
  id: string;
  offset: number;
  complete?: boolean;
}

export function httpTransport(projectId: string): Transport {
  const uploads = uploadsUrl(projectId);
  const one = (id: string): string => `${uploads}/${encodeURIComponent(id)}`;
  return {
    makeFolder: async (path) => void (await makeFolder(projectId, path)),
    put: async (path, body, overwrite, going) => {
      const headers: Record<string, string> = overwrite ? {} : { "If-None-Match": "*" };
      await sendBytes("PUT", uploadUrl(projectId, path), body, headers, going);
    },
    exists: (path) => exists(projectId, path),
    begin: (path, size, overwrite) =>
      sendForJson<Progress>(uploads, { method: "POST", json: { path, size, overwrite } }),
    offsetOf: async (id) => (await sendForJson<Progress>(one(id))).offset,
    piece: async (id, offset, body, going) => {
      const answer = await sendBytes("PATCH", one(id), body, { "Upload-Offset": String(offset) }, going);
      return (JSON.parse(answer) as Progress).offset;
    },
    drop: async (id) => void (await send(one(id), { method: "DELETE" })),
  };
}

async function exists(projectId: string, path: string): Promise<boolean> {
  try {
    await statOf(projectId, path);
    return true;
  } catch (error) {
    if (asApiError(error).status === 404) return false;
    throw error;
  }
}

/** The text of the answer. Throws ApiError. */
function sendBytes(
  method: "PUT" | "PATCH",
  url: string,
  body: Blob,
  headers: Record<string, string>,
  { signal, progress }: Going,
): Promise<string> {
  const traceId = newTraceId();
  const request = new XMLHttpRequest();
  const stop = (): void => request.abort();
  const sent = new Promise<string>((resolve, reject) => {
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onerror = () => reject(unreachable(traceId));
    request.onabort = () => reject(unreachable(traceId));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.responseText);
      else void refusal(request, traceId).then(reject);
    };
  });
  request.open(method, address(url));
  request.setRequestHeader("content-type", "application/octet-stream");
  request.setRequestHeader("traceparent", traceparent(traceId));
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  signal.addEventListener("abort", stop);
  request.send(body);
  return sent.finally(() => signal.removeEventListener("abort", stop));
}

function refusal(request: XMLHttpRequest, traceId: string): Promise<Error> {
  return problemFrom(new Response(request.responseText, { status: request.status }), traceId);
}
