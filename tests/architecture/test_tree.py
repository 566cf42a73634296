"""What must stand in no tracked file, and what every service must have."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether.contracts.service import Service

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).relative_to(ROOT)
TEXT_LIMIT = 4_000_000


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows, as paths from the root; those deleted and not yet committed are left out."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            *patterns,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = sorted({Path(name) for name in listed.stdout.split("\0") if name})
    return [path for path in paths if (ROOT / path).is_file()]


def texts(*patterns: str) -> Iterator[tuple[Path, str]]:
    for path in tracked(*patterns):
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw[:8000] and len(raw) < TEXT_LIMIT:
            yield path, raw.decode("utf-8", "replace")


def found(pattern: re.Pattern[str], *patterns: str) -> list[str]:
    """Where it stands, as `file: what`, in any tracked file but this one."""
    return [
        f"{path}: {match[0]}"
        for path, text in texts(*patterns)
        if path != HERE
        for match in pattern.finditer(text)
    ]


def python_files() -> Iterator[tuple[Path, ast.Module]]:
    for path, text in texts("*.py"):
        yield path, ast.parse(text, str(path))


def test_ssh_never_takes_whatever_host_key_it_is_shown() -> None:
    for path, tree in python_files():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "known_hosts":
                told = not isinstance(node.value, ast.Constant)
                assert told, f"{path}:{node.value.lineno} trusts any host"


def test_ssh_programs_are_not_told_to_trust_any_host() -> None:
    careless = re.compile(r"StrictHostKeyChecking[= ](no|off)|UserKnownHostsFile[= ]/dev/null", re.I)
    assert found(careless) == []


REGISTRIES = re.compile(
    r"(pypi\.org|pythonhosted\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|npmmirror|proxy\.golang\.org"
    r"|crates\.io|artifactory|jfrog\.io|devpi)[/\w.-]*"
)


def test_no_file_names_a_package_registry() -> None:
    """A checkout resolves from wherever its host resolves."""
    assert found(REGISTRIES) == []


def test_the_locks_name_no_place_to_download_from() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert '"resolved"' not in (ROOT / "web/package-lock.json").read_text(encoding="utf-8")


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    own = re.compile(rf"{re.escape(str(ROOT))}\b|/home/(?!(?:dev|me)\b)[a-z]+/|/Users/[A-Za-z]+/|/root/[a-z.]")
    assert [line for line in found(own) if not line.startswith("web/package-lock.json")] == []


def test_no_room_is_named_after_nothing() -> None:
    empty = {"utils", "util", "common", "helpers", "misc", "base"}
    assert [path for path in tracked("*.py") if {path.stem, *path.parts} & empty] == []


def test_the_namespace_belongs_to_no_package() -> None:
    """With an aether/__init__.py in one of them, the others could not be imported."""
    assert [path for path in tracked("*.py") if path.parts[-2:] == ("aether", "__init__.py")] == []


def test_nothing_is_left_to_be_done() -> None:
    # What is looked for stands here itself; found() leaves this file out.
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    assert found(unfinished, "*.py", "*.ts", "*.tsx", "*.css", "*.sql", "Makefile", "*.md") == []


def test_no_file_of_code_is_longer_than_a_sitting() -> None:
    code = [(path, text) for path, text in texts("*.py", "*.ts", "*.tsx") if "schema.d.ts" not in path.name]
    long = [f"{path}: {text.count(chr(10))}" for path, text in code if text.count("\n") > 400]
    assert long == []


IGNORED = re.compile(r"# (?:noqa: ?|type: ignore\[)([A-Za-z0-9, -]+?)(?:\]|(?= {1,2}\S| \(|$))(.*)")


def test_every_check_that_is_ignored_has_its_reason_beside_it() -> None:
    """On the line or on the one above; said once in a file it holds for the file."""
    bare = [
        f"{path}:{number}: {code}"
        for path, text in texts("*/src/*.py")
        for number, code in without_reason(text.splitlines())
    ]
    assert bare == []


def without_reason(lines: list[str]) -> Iterator[tuple[int, str]]:
    explained: set[str] = set()
    for number, line in enumerate(lines):
        for code, reason in IGNORED.findall(line):
            if reason.strip(" #-()") or lines[number - 1].lstrip().startswith("#"):
                explained.add(code)
            elif code not in explained:
                yield number + 1, code


def test_every_package_says_that_it_is_typed() -> None:
    packages = {path.parent for path in tracked("*/__init__.py") if path.parts[-4:-2] == ("src", "aether")}
    assert [str(package) for package in packages if not (ROOT / package / "py.typed").exists()] == []


@pytest.mark.parametrize("service", Service)
def test_a_service_has_its_rooms(service: Service) -> None:
    home = ROOT / "services" / service
    for name in ("README.md", "pyproject.toml", f"src/aether/{service}/__main__.py", "tests"):
        assert (home / name).exists(), f"{service} has no {name}"


def test_every_table_is_named_with_its_schema() -> None:
    """A name without its schema would mean whatever search_path happens to say."""
    bare = re.compile(
        r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(?!\"?\{|\"?[a-z_]+\"?\.|ONLY\b|SET\b|SKIP\b)[a-z_]+", re.S
    )
    stores = [f"services/{service}/src/*/store*" for service in Service]
    assert found(bare, *stores) == []
