import { useId } from "react";
import { INPUT_LOOK } from "./Field";

const LIFETIMES = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["", "no end"],
] as const;

/** When something made now ends; null is never. */
export function expiry(days: string): string | null {
  return days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : null;
}

/** How long what a form makes is good for: its field `days`. */
export function Lifetime() {
  const id = useId();
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        Lifetime
      </label>
      <select id={id} name="days" defaultValue="90" className={INPUT_LOOK}>
        {LIFETIMES.map(([days, words]) => (
          <option key={days} value={days}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
