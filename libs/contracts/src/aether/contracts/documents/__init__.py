"""The documents that follow from the contracts, so that none of them can say anything else than the code.

python -m aether.contracts.documents            writes them
python -m aether.contracts.documents --check    says what is not as it should be, and writes nothing
python -m aether.contracts.documents --break    writes even what breaks who speaks the older version
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aether.contracts import catalog
from aether.contracts.documents import asyncapi, markdown, nats, schemas

assert catalog.EVENTS, "the documents are about everything in the catalogue"

ROOT = Path(__file__).parents[6]
SCHEMAS = Path("docs/schemas")


def rendered() -> Mapping[Path, str]:
    """Every document as it should be, by its path from the root of the repository."""
    return {
        Path("docs/events.md"): markdown.render(),
        Path("docs/asyncapi.json"): _json(asyncapi.render()),
        Path("docs/streams.json"): _json(nats.streams()),
        Path("docs/nats-permissions.json"): _json(nats.allow_lists()),
        **{SCHEMAS / f"{name}.json": _json(schema) for name, schema in schemas.render().items()},
    }


def breaks(root: Path = ROOT) -> list[str]:
    """A sentence for each change since the snapshots that somebody who knows only these would stumble over."""
    now = schemas.render()
    return [
        f"{file.stem}: {sentence}"
        for file in sorted((root / SCHEMAS).glob("*.json"))
        for sentence in schemas.breaks(_read(file), now.get(file.stem))
    ]


def stale(root: Path = ROOT) -> list[Path]:
    """The documents that are missing, not as they should be, or of something that is no more."""
    wanted = rendered()
    present = {file.relative_to(root) for file in (root / SCHEMAS).glob("*.json")}
    odd = [path for path, text in wanted.items() if _text(root / path) != text]
    return sorted([*odd, *(present - set(wanted))])


def write(root: Path = ROOT) -> None:
    """Make the documents as they should be."""
    wanted = rendered()
    for path in stale(root):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _read(file: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
