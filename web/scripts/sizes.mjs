/**
 * What a first visit loads, gzipped, from the manifest of the build: `node scripts/sizes.mjs` prints it, and with
 * `--check` fails when it is more than it may be. Fonts are woff2 already and stand apart, because the page is readable before them.
 */
import { readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));

const ENTRY = "index.html";
const TERMINAL = [ENTRY, "src/routes/Workspace.tsx", "src/features/terminal/TerminalArea.tsx"];
const PAGES = [
  { name: "dashboard, first load", from: [ENTRY], limit: 130_000 },
  // Comes while the data does; what stands before it is the page with the places of its rows.
  { name: "board, with its data", from: ["src/features/agents/Board.tsx"], beside: [ENTRY], limit: 18_000 },
  {
    name: "terminal, all of it",
    from: TERMINAL,
    limit: 290_000,
  },
  // What comes beside the terminal, when it is first asked for, counted without what is there already.
  { name: "files beside it", from: ["src/features/files/FilesPanel.tsx"], beside: TERMINAL, limit: 40_000 },
  {
    name: "editor, its first file",
    from: ["src/features/editor/EditorArea.tsx", "src/features/editor/FilePane.tsx"],
    beside: TERMINAL,
    limit: 290_000,
  },
];

/** Scripts and styles an entry needs before it runs, with those its static imports need. */
function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the build has no ${key}`);
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const style of chunk.css ?? []) seen.add(style);
  for (const imported of chunk.imports ?? []) filesOf(imported, seen);
  return seen;
}

function gzipped(file) {
  return gzipSync(readFileSync(new URL(file, DIST)), { level: 6 }).length;
}

function fontBytes() {
  const name = Object.keys(manifest).find((key) => key.endsWith("inter-latin-wght-normal.woff2"));
  return name ? statSync(new URL(manifest[name].file, DIST)).size : 0;
}

let tooBig = false;
for (const page of PAGES) {
  const files = page.beside ? new Set() : new Set(["index.html", "theme.js"]);
  for (const key of page.from) for (const file of filesOf(key)) files.add(file);
  for (const key of page.beside ?? []) for (const file of filesOf(key)) files.delete(file);
  const size = [...files].reduce((sum, file) => sum + gzipped(file), 0);
  const over = size > page.limit;
  tooBig ||= over;
  console.log(
    `${page.name.padEnd(24)} ${kilobytes(size)} of ${kilobytes(page.limit)} gzip${over ? "  TOO BIG" : ""}`,
  );
}
console.log(`${"Inter, latin".padEnd(24)} ${kilobytes(fontBytes())} woff2`);
// A build must not fail on a person's computer for a byte too many; the checks do.
process.exitCode = tooBig && process.argv.includes("--check") ? 1 : 0;

function kilobytes(count) {
  return `${(count / 1000).toFixed(1)} kB`;
}
