/** The last lines of a screen, as a small picture of it shows them. Pure. */

// Frames that programs draw around their input say nothing in a small picture.
const FRAME = /^[\s─-╿▀-▟_=*·.-]*$/u;
const EDGES = /^\s*[│┃║]\s?|\s?[│┃║]\s*$/gu;

/** At most so many lines with something in them, the newest last; runs of empty lines become one. */
export function lastLines(screen: readonly string[], most: number): string[] {
  const kept: string[] = [];
  for (const line of screen) {
    const text = line.replace(EDGES, "").trimEnd();
    if (!FRAME.test(text)) kept.push(text);
    else if (text === "" && kept.length && kept.at(-1) !== "") kept.push("");
  }
  while (kept.at(-1) === "") kept.pop();
  return kept.slice(-most);
}
