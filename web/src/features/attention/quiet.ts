/** Whether it is a time at which a person wants no noise. Pure. */
import type { AttentionSettings } from "@/api/types";

type QuietHours = Pick<AttentionSettings, "quiet_start" | "quiet_end" | "time_zone">;

/** "HH:MM" in a zone; UTC's in one the browser does not know. */
function clockIn(zone: string, now: Date): string {
  const format = (timeZone: string): string =>
    new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone,
    }).format(now);
  try {
    return format(zone);
  } catch {
    return format("UTC");
  }
}

/** From the start on, until before the end. A start after the end spans midnight; the same twice is no time at all. */
export function isQuiet({ quiet_start, quiet_end, time_zone }: QuietHours, now: Date): boolean {
  if (!quiet_start || !quiet_end) return false;
  const at = clockIn(time_zone, now);
  if (quiet_start <= quiet_end) return quiet_start <= at && at < quiet_end;
  return at >= quiet_start || at < quiet_end;
}
