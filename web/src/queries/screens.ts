/** What terminals show, as text, for small pictures of them. */
import { queryOptions } from "@tanstack/react-query";
import { fetchBytes } from "@/api/bytes";
import { address } from "@/api/send";
import type { Screen } from "@/api/types";
import { keys } from "./keys";

interface Seen {
  etag: string | null;
  lines: string[];
}

/** The last lines of a terminal. Asked again with what is known, so that an unchanged screen costs nothing. */
export function screenQuery(terminalId: string, lines: number) {
  const url = address(`/api/terminals/${encodeURIComponent(terminalId)}/screen`, { lines });
  return queryOptions({
    queryKey: keys.screen(terminalId),
    queryFn: async ({ client, queryKey, signal }): Promise<Seen> => {
      const known = client.getQueryData<Seen>(queryKey);
      const headers: Record<string, string> = known?.etag ? { "If-None-Match": known.etag } : {};
      const response = await fetchBytes(url, { headers, signal, cache: "no-store" }, [304]);
      if (response.status === 304 && known) return known;
      const screen = (await response.json()) as Screen;
      return { etag: response.headers.get("ETag"), lines: screen.lines };
    },
    staleTime: 0,
    retry: false,
  });
}
