/** How a text is indented, told from the text itself. Pure. */

/** One level: a tab, or two to eight spaces. */
export type Indent = string;

const LINES = 1_000;

/** The unit that most steps inwards of a text are made of; `otherwise` when there are none. */
export function indentOf(lines: Iterable<string>, otherwise: Indent = "  "): Indent {
  const votes = new Map<Indent, number>();
  let before = 0;
  let count = 0;
  for (const line of lines) {
    if (++count > LINES) break;
    const lead = /^[\t ]*/.exec(line)?.[0] ?? "";
    if (lead.length === line.length) continue;
    const unit = lead.startsWith("\t") ? "\t" : stepOf(lead.length - before);
    if (unit) votes.set(unit, (votes.get(unit) ?? 0) + 1);
    before = unit === "\t" ? 0 : lead.length;
  }
  return [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best), [otherwise, 0] as const)[0];
}

/** One space is lining up, and more than eight are too. */
function stepOf(width: number): Indent | null {
  return width >= 2 && width <= 8 ? " ".repeat(width) : null;
}

export function indentWords(unit: Indent): string {
  return unit === "\t" ? "Tabs" : `${unit.length} spaces`;
}
