/** The uploads of each project. They go on while other panels and other pages of this app are shown. */
import { useEffect, useSyncExternalStore } from "react";
import { queryClient } from "@/queries/client";
import { keys } from "@/queries/keys";
import { folderOf } from "../paths";
import { Refresher } from "../refresher";
import { UploadQueue } from "./queue";
import { browserStore } from "./remember";
import { httpTransport } from "./transport";
import type { UploadsView } from "./view";

const queues = new Map<string, UploadQueue>();
const REFRESH_MS = 700;

export function uploadsOf(projectId: string): UploadQueue {
  let queue = queues.get(projectId);
  if (!queue) {
    const ask = (folder: string) =>
      queryClient.invalidateQueries({ queryKey: keys.folder(projectId, folder) });
    const refresher = new Refresher(ask, REFRESH_MS);
    queue = new UploadQueue(httpTransport(projectId), browserStore(projectId), (path) => {
      refresher.touch(folderOf(path));
      refresher.touch(folderOf(folderOf(path)));
    });
    queues.set(projectId, queue);
  }
  return queue;
}

export function useUploads(projectId: string): UploadsView {
  const queue = uploadsOf(projectId);
  return useSyncExternalStore(queue.subscribe, queue.view);
}

/** Goes on when the network is back, and asks before a page with unfinished uploads is left. */
export function useUploadGuard(projectId: string): void {
  const { open } = useUploads(projectId);
  useEffect(() => {
    const back = (): void => uploadsOf(projectId).retryNow();
    window.addEventListener("online", back);
    return () => window.removeEventListener("online", back);
  }, [projectId]);
  useEffect(() => {
    if (!open) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [open]);
}
