"""Dialogs as agents have shown them, and whether a key would be pressed for the question that they are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aether.agents.domain import dialog, screen
from aether.agents.domain.catalog import CATALOG

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULE = "─" * 120
CLAUDE_RUNS = f"""
❯ Make the boat.

● I write the file.

● Write(boat.txt)
  ⎿  Wrote 1 lines to boat.txt
      1 a boat

● I run it.

● Bash(echo sail > sail.txt)
  ⎿  Waiting…

{RULE}
 Bash command

   echo sail > sail.txt
   Run it

 Do you want to proceed?
 ❯ 1. Yes
   2. Yes, and always allow access to workspace/ from this project
   3. No

 Esc to cancel · Tab to amend · ctrl+e to explain
"""
CLAUDE_WRITES = f"""
● Bash(echo sail > sail.txt)
  ⎿  (No output)

● Write(boat.txt)

{RULE}
 Create file
 boat.txt
{"╌" * 120}
  1 a boat
{"╌" * 120}
 Do you want to create boat.txt?
 ❯ 1. Yes
   2. Yes, allow all edits during this session (shift+tab)
   3. No

 Esc to cancel · Tab to amend
"""
CLAUDE_ASKS = f"""
● Write(boat.txt)
  ⎿  Wrote 1 lines to boat.txt

{RULE}
 ☐ Choose

Which colour shall it be?

❯ 1. Red
     Take Red
  2. Blue
     Take Blue
  3. Type something.
{RULE}
  4. Chat about this

Enter to select · ↑/↓ to navigate · Esc to cancel
"""
CODEX_RUNS = """
• Added boat.txt (+1 -0)
    1 +a boat

• Running echo sail > sail.txt

  Would you like to run the following command?

  Environment: local

  Reason: May I run it?

  $ echo sail > sail.txt

› 1. Yes, proceed (y)
  2. Yes, and don't ask again for commands that start with `echo sail > sail.txt` (p)
  3. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel
"""
OPENCODE_RUNS = """
     ← Edit boat.txt

     $ echo sail > sail.txt

     ▣  Build · Claude Sonnet 4.6

  ┃
  ┃  △ Permission required
  ┃    # Shell command
  ┃
  ┃  $ echo sail > sail.txt
  ┃
  ┃   Allow once   Allow always   Reject                      ctrl+f fullscreen  ⇆ select  enter confirm
"""
OPENCODE_WRITES = """
     $ echo sail > sail.txt

     ▣  Build · Claude Sonnet 4.6

  ┃
  ┃  △ Permission required
  ┃    → Edit boat.txt
  ┃
  ┃  1 + a boat
  ┃
  ┃   Allow once   Allow always   Reject                      ctrl+f fullscreen  ⇆ select  enter confirm
"""
RUN = {"permission": "bash", "patterns": ["echo *"], "metadata": {"command": "echo sail > sail.txt"}}
EDIT = {"permission": "edit", "patterns": ["boat.txt"], "metadata": {"diff": "+a boat\n"}}
SAIL = {"tool_name": "Bash", "tool_input": {"command": "echo sail > sail.txt", "description": "Run it"}}
BOAT = {
    "tool_name": "Write",
    "tool_input": {"file_path": "/home/dev/workspace/boat.txt", "content": "a boat\n"},
}
COLOUR = {
    "tool_name": "AskUserQuestion",
    "tool_input": {"questions": [{"question": "Which colour shall it be?", "options": [{"label": "Red"}]}]},
}
PATCH = {
    "tool_name": "apply_patch",
    "tool_input": {"command": "*** Begin Patch\n*** Add File: boat.txt\n+a boat\n*** End Patch"},
}


@pytest.mark.parametrize(
    ("agent", "shown", "theirs", "others"),
    [
        ("claude-code", CLAUDE_RUNS, SAIL, [BOAT, COLOUR]),
        ("claude-code", CLAUDE_WRITES, BOAT, [SAIL, COLOUR]),
        ("claude-code", CLAUDE_ASKS, COLOUR, [SAIL, BOAT]),
        ("codex", CODEX_RUNS, SAIL, [PATCH]),
        ("opencode", OPENCODE_RUNS, RUN, [EDIT]),
        ("opencode", OPENCODE_WRITES, EDIT, [RUN]),
    ],
)
def test_a_dialog_is_known_by_its_own_words_alone(
    agent: str, shown: str, theirs: dict[str, Any], others: list[dict[str, Any]]
) -> None:
    lines = shown.splitlines()
    assert screen.shows(lines, CATALOG[agent].asks)
    assert is_of(agent, lines, theirs)
    assert [other for other in others if is_of(agent, lines, other)] == []


def is_of(agent: str, lines: list[str], payload: dict[str, Any]) -> bool:
    event = "permission.asked" if agent == "opencode" else "PermissionRequest"
    (report,) = CATALOG[agent].read(event, payload, AT)
    assert report.asked is not None
    return dialog.shows(lines, report.asked.shown, CATALOG[agent].above)
