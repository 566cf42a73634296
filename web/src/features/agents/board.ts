/** What stands on the board, in which part and in which order. Pure. */
import type { Project, QuestionOption, Run } from "@/api/types";
import { PARTS, type Part, partOf } from "./parts";

export const PART_WORDS: Record<Part, { title: string; short: string }> = {
  waiting: { title: "Waiting for you", short: "Waiting" },
  working: { title: "Working", short: "Working" },
  trouble: { title: "Failed and stuck", short: "Failed" },
  done: { title: "Done", short: "Done" },
  rest: { title: "Idle and stopped", short: "Idle" },
};

export type Item = { run: Run; project: Project | undefined } | { run: null; project: Project };

export type Board = Record<Part, Item[]>;

/**
 * Who has waited longest stands first, so that a new question moves no other. What works keeps its place by age; what
 * came to an end shows the latest first. A project stands for itself where no run does.
 */
export function boardOf(runs: readonly Run[], projects: readonly Project[]): Board {
  const known = new Map(projects.map((project) => [project.id, project]));
  const board: Board = { waiting: [], working: [], trouble: [], done: [], rest: [] };
  for (const run of runs) board[partOf(run)].push({ run, project: known.get(run.project_id) });
  board.waiting.sort(by(askedAt));
  board.working.sort(by(({ run }) => run?.created_at));
  board.trouble.sort(by(({ run }) => run?.since)).reverse();
  board.done.sort(by(({ run }) => run?.since)).reverse();
  const busy = new Set(runs.filter((run) => !run.ended_at).map((run) => run.project_id));
  const alone = projects.filter(({ id, status }) => status === "error" || !busy.has(id)).sort(byRest);
  for (const project of alone)
    board[project.status === "error" ? "trouble" : "rest"].push({ run: null, project });
  return board;
}

function askedAt({ run }: Item): string | undefined {
  return run?.question?.asked_at ?? run?.since;
}

function by(value: (item: Item) => string | undefined): (a: Item, b: Item) => number {
  const key = (item: Item): string => `${value(item) ?? ""} ${item.run?.id ?? ""}`;
  return (a, b) => key(a).localeCompare(key(b));
}

/** Those with a machine first, then the latest change. */
function byRest(a: Project, b: Project): number {
  const stopped = (project: Project): number => (project.status === "stopped" ? 1 : 0);
  return stopped(a) - stopped(b) || b.updated_at.localeCompare(a.updated_at);
}

/** What is left of the board under a filter: one part, and words that all occur. */
export function filtered(board: Board, part: Part | undefined, text: string): Board {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const keeps = (item: Item): boolean => words.every((word) => textFor(item).includes(word));
  const left = PARTS.map((name) => [name, part && part !== name ? [] : board[name].filter(keeps)]);
  return Object.fromEntries(left) as Board;
}

function textFor({ run, project }: Item): string {
  const parts = [
    project?.name,
    project?.repo_url,
    run?.agent_title,
    run?.name,
    run?.prompt,
    run?.question?.text,
  ];
  return parts.filter(Boolean).join(" ").toLowerCase();
}

export function countOf(board: Board): Record<Part, number> {
  return Object.fromEntries(PARTS.map((part) => [part, board[part].length])) as Record<Part, number>;
}

/** The option that a key means: a digit by its place, another letter by the one option that begins with it. */
export function optionFor(key: string, options: readonly QuestionOption[]): QuestionOption | undefined {
  if (/^[1-9]$/.test(key)) return options[Number(key) - 1];
  if (key !== "y" && key !== "n") return undefined;
  const word = key === "y" ? "yes" : "no";
  const label = (option: QuestionOption): string => option.label.trim().toLowerCase();
  const plain = options.find((option) => label(option) === word || label(option) === key);
  const begins = options.filter((option) => new RegExp(`^${word}\\b`).test(label(option)));
  // Of "Yes" and "Yes, always" only the plain one is meant by a single letter.
  return plain ?? (begins.length === 1 ? begins[0] : undefined);
}
