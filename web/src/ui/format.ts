/** Times and addresses in the words of this app. Pure; `now` is given. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "3 min ago", "2 h ago", "5 days ago", then the date. */
export function ago(then: string, now: number): string {
  const past = now - Date.parse(then);
  if (past < 45_000) return "just now";
  if (past < HOUR) return `${Math.max(1, Math.round(past / MINUTE))} min ago`;
  if (past < DAY) return `${Math.round(past / HOUR)} h ago`;
  if (past < 30 * DAY) return plural(Math.round(past / DAY), "day", "days", " ago");
  return day(then);
}

/** "in 24 min", "in 40 s", "in 2 h 5 min"; "now" when it is due. */
export function until(then: string, now: number): string {
  const left = Date.parse(then) - now;
  if (left <= 0) return "now";
  if (left < MINUTE) return `in ${Math.ceil(left / 1000)} s`;
  return `in ${hoursAndMinutes(Math.round(left / MINUTE))}`;
}

/** How long something lasted: "42 s", "12 min", "1 h 5 min". */
export function lasted(from: string, to: string): string {
  const length = Math.max(0, Date.parse(to) - Date.parse(from));
  if (length < MINUTE) return `${Math.round(length / 1000)} s`;
  return hoursAndMinutes(Math.round(length / MINUTE));
}

export function hoursAndMinutes(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (!hours) return `${rest} min`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

export function day(then: string): string {
  return new Date(then).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

/** "14:05", with the day in front when it is not today. */
export function clock(then: string, now: number): string {
  const at = new Date(then);
  const time = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return at.toDateString() === new Date(now).toDateString() ? time : `${day(then)}, ${time}`;
}

/** The moment to the second, in the reader's zone: what stands on hover. */
export function exact(then: string): string {
  return new Date(then).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

export function plural(count: number, one: string, many: string, after = ""): string {
  return `${count} ${count === 1 ? one : many}${after}`;
}

/** A repository by the end of its address: "owner/name". Credentials, if any, are never shown. */
export function repoName(url: string): string {
  const path = url.replace(/^[a-z+]+:\/\/(?:[^@/]*@)?[^/]*/i, "").replace(/^[^@]*@[^:]*:/, "");
  const parts = path.split("/").filter(Boolean).slice(-2);
  return parts.join("/").replace(/\.git$/, "") || url;
}
