import { useSyncExternalStore } from "react";
import { queryClient } from "./client";
import { type LinkState, LiveEvents } from "./live";

/** The one stream of events of this page. */
export const live = new LiveEvents(queryClient);

export function useLinkState(): LinkState {
  return useSyncExternalStore(live.subscribe, live.state);
}
