import { expect, test } from "vitest";
import { isQuiet } from "./quiet";

const at = (time: string): Date => new Date(`2026-11-22T${time}:00Z`);

test.each([
  ["22:00", "07:00", "UTC", "21:59", false],
  ["22:00", "07:00", "UTC", "22:00", true],
  ["22:00", "07:00", "UTC", "00:00", true],
  ["22:00", "07:00", "UTC", "06:59", true],
  ["22:00", "07:00", "UTC", "07:00", false],
  ["12:00", "13:00", "UTC", "12:30", true],
  ["12:00", "13:00", "UTC", "13:00", false],
  ["12:00", "12:00", "UTC", "12:00", false],
  ["22:00", "07:00", "Europe/Berlin", "21:00", true],
  ["22:00", "07:00", "America/New_York", "03:30", true],
  ["22:00", "07:00", "America/New_York", "12:30", false],
  ["22:00", "07:00", "Nowhere/Land", "23:00", true],
])("%s to %s of %s at %s UTC", (quiet_start, quiet_end, time_zone, now, quiet) =>
  expect(isQuiet({ quiet_start, quiet_end, time_zone }, at(now))).toBe(quiet),
);

test("without hours it is never quiet", () => {
  expect(isQuiet({ quiet_start: null, quiet_end: null, time_zone: "UTC" }, at("03:00"))).toBe(false);
});
