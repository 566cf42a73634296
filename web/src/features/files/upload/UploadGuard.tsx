import { useUploadGuard } from "./uploads";

/** Watches over uploads from a place that stays, whichever panels are shown. */
export function UploadGuard({ projectId }: { projectId: string }) {
  useUploadGuard(projectId);
  return null;
}
