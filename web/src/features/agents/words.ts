/** What a run is doing, in words. Pure; `now` is given. */
import type { Run } from "@/api/types";
import { clock, hoursAndMinutes, lasted } from "@/ui/format";
import type { Shape } from "@/ui/StateMark";
import { isPaused } from "./parts";

export interface Look {
  word: string;
  shape: Shape;
  tone: string;
  lives?: boolean;
}

const LOOKS: Record<Run["state"], Look> = {
  starting: { word: "starting", shape: "half", tone: "text-working", lives: true },
  working: { word: "working", shape: "half", tone: "text-working", lives: true },
  waiting: { word: "waiting", shape: "triangle", tone: "text-waiting" },
  done: { word: "done", shape: "check", tone: "text-done" },
  failed: { word: "failed", shape: "cross", tone: "text-failed" },
  stuck: { word: "stuck", shape: "square", tone: "text-failed" },
};

const PAUSED: Look = { word: "paused", shape: "bars", tone: "text-muted" };
const LIMITED: Look = { word: "limited", shape: "bars", tone: "text-waiting" };
const STOPPED: Look = { word: "stopped", shape: "ring", tone: "text-muted" };

export function lookOf(run: Run): Look {
  if (run.reason === "stopped") return STOPPED;
  if (isPaused(run) && run.state !== "waiting") return PAUSED;
  if (run.reason === "limited" && !run.ended_at) return LIMITED;
  return LOOKS[run.state];
}

/** "$0.24"; what is less than a cent says so. */
export function money(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}

/** Minutes and money together: "12 min · $0.24". Empty before the first minute of work. */
export function spent(run: Run): string {
  const minutes = Math.round(run.working_seconds / 60);
  if (!minutes && !run.cost_cents) return "";
  return `${hoursAndMinutes(Math.max(1, minutes))} · ${money(run.cost_cents)}`;
}

/** What stands behind `spent`, for the hover: "12 min of work, $0.24 of machine, 41,200 tokens read, 3,100 written". */
export function spentInFull(run: Run): string {
  const parts = [`${hoursAndMinutes(Math.round(run.working_seconds / 60))} of work`];
  parts.push(`${money(run.cost_cents)} of machine time`);
  if (run.input_tokens || run.output_tokens)
    parts.push(`${count(run.input_tokens)} tokens read, ${count(run.output_tokens)} written`);
  return parts.join(", ");
}

function count(tokens: number): string {
  return tokens.toLocaleString("en-US");
}

/** How long it has been as it is: "2 min". */
export function sinceWords(run: Run, now: number): string {
  const from = run.question?.asked_at ?? run.since;
  return lasted(from, new Date(now).toISOString());
}

/** What was asked of it, in one line, or the name it was given. */
export function taskOf(run: Run): string {
  const line = (text: string): string => text.trim().split(/\s*\n/, 1)[0] ?? "";
  return line(run.name) || line(run.prompt) || line(run.command);
}

/** The text that tells most about a run now: its question, what is the matter, what it does, what it said last. */
export function textOf(run: Run, now: number): string {
  if (run.question) return run.question.text;
  if (run.reason === "limited" && run.limited_until) return `Limited until ${clock(run.limited_until, now)}.`;
  if (run.state === "failed" || run.state === "stuck") return run.detail || run.last_message;
  if (run.state === "done") return run.last_message || run.detail;
  return run.detail || run.doing || (run.state === "starting" ? "Starting" : "");
}

/** What became of the last answer, where `textOf` says something else. */
export function noteOf(run: Run): string {
  const hidden = run.question || (run.state === "done" && run.last_message);
  return hidden && !isPaused(run) ? run.detail : "";
}

/** What is said aloud when a run comes to a new state. Empty for what need not be said. */
export function saidOf(run: Run, project: string): string {
  const who = `${run.agent_title} in ${project}`;
  if (run.state === "waiting")
    return `${who} waits for you. ${[noteOf(run), run.question?.text].filter(Boolean).join(" ")}`.trim();
  if (run.state === "done") return `${who} is done.`;
  if (run.state === "failed") return `${who} has failed. ${run.detail}`.trim();
  if (run.state === "stuck") return `${who} seems stuck.`;
  return "";
}

/** True where a text may be typed into it now, or starts it again: `wakes` says so of one that has ended. */
export function takesText(run: Run, wakes = false): boolean {
  if (run.terminal_id === null || run.state === "starting") return false;
  return run.ended_at ? wakes : !isPaused(run);
}

/** A box for an answer stands by itself where one is waited for. */
export function asksForText(run: Run, wakes = false): boolean {
  const asks = run.state === "waiting" || (run.state === "done" && run.reason !== "stopped");
  return asks && takesText(run, wakes);
}
