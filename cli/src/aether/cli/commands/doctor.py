"""aether doctor: what this host has, and what that changes."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from aether.cli.doctor import Finding, examine


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what this host has, and what the absence of each thing changes."""
    findings = examine()
    if as_json:
        print(json.dumps([finding.row() for finding in findings], indent=2))
    else:
        Console().print(_table(findings))


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("", "on this host", "is", "what that changes"):
        table.add_column(heading)
    for finding in findings:
        mark = "[green]✓[/]" if finding.found else "[yellow]✗[/]"
        table.add_row(mark, finding.name, finding.detail, finding.changes)
    return table
