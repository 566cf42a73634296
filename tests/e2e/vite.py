"""A Vite app with its own dev server, packed from what the web app is built with, so that nothing is fetched."""

import io
import json
import tarfile
from pathlib import Path

MODULES = Path(__file__).parents[2] / "web" / "node_modules"
APP = {
    "package.json": '{"name": "harbour", "type": "module"}\n',
    "index.html": '<!doctype html><title>Harbour</title><h1></h1><script type="module" src="/main.js"></script>\n',
    "main.js": (
        'import { greeting } from "./greeting.js";\n\n'
        'const show = (text) => { document.querySelector("h1").textContent = text; };\n\n'
        "show(greeting);\n"
        'if (import.meta.hot) import.meta.hot.accept("./greeting.js", (made) => show(made.greeting));\n'
    ),
    "greeting.js": 'export const greeting = "Good morning";\n',
}
SERVE = "node node_modules/vite/bin/vite.js --port {port} --strictPort"


def packed() -> bytes:
    """The app and the packages that `SERVE` needs, as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in APP.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
        for package in sorted(_needed("vite", set())):
            archive.add(MODULES / package, f"node_modules/{package}")
    return buffer.getvalue()


def _needed(package: str, known: set[str]) -> set[str]:
    """A package and all that it needs, of what is installed: an optional one may be for another system."""
    if package in known or not (MODULES / package).is_dir():
        return known
    known.add(package)
    told = json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))
    for kind in ("dependencies", "optionalDependencies"):
        for name in told.get(kind, {}):
            _needed(name, known)
    return known
