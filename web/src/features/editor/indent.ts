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
    const step = lead.length - before;
    const unit = lead.startsWith("\t") ? "\t" : " ".repeat(step);
    if (lead.startsWith("\t") || (step >= 2 && step <= 8)) votes.set(unit, (votes.get(unit) ?? 0) + 1);
    before = lead.startsWith("\t") ? 0 : lead.length;
  }
  return [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best), [otherwise, 0] as const)[0];
}

export function indentWords(unit: Indent): string {
  return unit === "\t" ? "Tabs" : `${unit.length} spaces`;
}
