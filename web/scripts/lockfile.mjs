/**
 * The lock must install on every platform and name no host: no `resolved`, an `integrity` for each package, and an entry
 * for every optional dependency, whichever platform wrote the lock.
 */
import { readFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));

/** Looks for a dependency the way Node does: beside the package, then outwards. */
function isLocked(name, from) {
  let folder = from;
  for (;;) {
    if (packages[`${folder ? `${folder}/` : ""}node_modules/${name}`]) return true;
    if (!folder) return false;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1));
  }
}

const faults = [];
for (const [path, entry] of Object.entries(packages)) {
  if (entry.resolved) faults.push(`${path}: names a host`);
  if (path && !entry.link && !entry.integrity) faults.push(`${path}: has no integrity`);
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (!isLocked(name, path)) faults.push(`${path}: no entry for its optional ${name}`);
  }
}

for (const fault of faults) console.error(fault);
console.log(`package-lock.json: ${Object.keys(packages).length - 1} packages, ${faults.length} faults`);
process.exitCode = faults.length ? 1 : 0;
