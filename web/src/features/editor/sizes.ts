import { bytes } from "@/ui/sizes";

const MEGA = 1024 * 1024;

/** "12 KB", "4.2 MB", "1.3 GB". */
export function fileSize(count: number): string {
  if (count < MEGA) return bytes(count);
  if (count < 1024 * MEGA) return `${Math.round((count / MEGA) * 10) / 10} MB`;
  return `${Math.round((count / MEGA / 1024) * 10) / 10} GB`;
}
