"""What agents say, as recorded from the versions named in the catalog, and what is understood of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aether.agents.domain.catalog import CATALOG, claude_code, codex, hooks, opencode
from aether.agents.domain.report import Asked, Report

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SESSION = "1b89f64f-e44b-4254-9e8a-31f88d979915"
WRITE = {"tool_name": "Write", "tool_input": {"file_path": "/home/dev/workspace/boat.txt", "content": "a boat\n"}}
SAIL = {"command": "echo sail > sail.txt", "description": "Run it"}
COLOUR = {
    "question": "Which colour shall it be?",
    "header": "Choose",
    "options": [{"label": "Red", "description": "Take Red"}, {"label": "Blue", "description": "Take Blue"}],
}
SUGGESTED = [{"type": "addDirectories", "directories": ["/home/dev"], "destination": "session"}]


def claude(event: str, **said: Any) -> Report | None:
    base = {"session_id": SESSION, "hook_event_name": event, "cwd": "/home/dev/workspace"}
    return only(claude_code.read(event, base | said, AT))


def only(reports: list[Report]) -> Report | None:
    assert len(reports) < 2
    return reports[0] if reports else None


def asked_of(report: Report | None) -> Asked:
    assert report is not None
    assert report.state == "waiting"
    assert report.asked is not None
    return report.asked


def keys_of(asked: Asked) -> dict[str, str]:
    return {option.id: option.keys for option in asked.options}


# Claude Code


def test_claude_tells_its_conversation_when_it_begins() -> None:
    assert claude("SessionStart", source="startup") == Report("hook", AT, session=SESSION)


def test_claude_works_from_a_prompt_and_with_each_tool() -> None:
    assert claude("UserPromptSubmit", prompt="Make it") == Report(
        "hook", AT, "working", doing="Thinking", session=SESSION
    )
    about = hooks.use(WRITE)
    writes = Report("hook", AT, "working", doing="Write boat.txt", about=about, session=SESSION)
    assert claude("PreToolUse", **WRITE) == writes
    running = claude("PreToolUse", tool_name="Bash", tool_input=SAIL)
    assert running is not None
    assert running.doing == "$ echo sail > sail.txt"
    assert claude("PostToolUse", **WRITE) == Report("hook", AT, "working", about=about, session=SESSION)


def test_claude_asks_for_permission_with_the_keys_of_its_dialog() -> None:
    asked = asked_of(
        claude("PermissionRequest", tool_name="Bash", tool_input=SAIL, permission_suggestions=SUGGESTED)
    )
    assert asked.kind == "permission"
    assert asked.text == "Bash\necho sail > sail.txt\nRun it"
    assert keys_of(asked) == {"yes": "1", "always": "2", "no": "\x1b"}
    assert asked.before == "\x1b"
    assert [option.id for option in asked.options if option.ends] == ["no"]


def test_claude_has_no_second_yes_where_it_suggests_none() -> None:
    asked = asked_of(claude("PermissionRequest", **WRITE))
    assert asked.text == "Write /home/dev/workspace/boat.txt\na boat"
    assert list(keys_of(asked)) == ["yes", "no"]


def test_claude_asks_a_question_with_a_number_for_each_choice_and_one_for_own_words() -> None:
    given = {"tool_name": "AskUserQuestion", "tool_input": {"questions": [COLOUR | {"multiSelect": False}]}}
    assert claude("PreToolUse", **given) is None
    asked = asked_of(claude("PermissionRequest", **given))
    assert (asked.kind, asked.text, asked.before) == ("question", "Which colour shall it be?", "3")
    assert [(option.label, option.keys) for option in asked.options] == [("Red", "1"), ("Blue", "2")]


def test_several_questions_at_once_are_answered_in_words() -> None:
    questions = [COLOUR, {"question": "And the sails?", "options": []}]
    asked = asked_of(claude("PermissionRequest", tool_name="AskUserQuestion", tool_input={"questions": questions}))
    assert (asked.kind, asked.text) == ("question", "Which colour shall it be?\n\nAnd the sails?")
    assert (asked.options, asked.before) == ((), "\x1b")


def test_a_permission_is_of_the_use_of_a_tool_that_waits_for_it() -> None:
    given: dict[str, Any] = {"tool_name": "Bash", "tool_input": SAIL}
    asked = asked_of(claude("PermissionRequest", **given))
    done = claude("PostToolUse", **given, tool_response={"stdout": ""})
    other = claude("PostToolUse", tool_name="Bash", tool_input={"command": "ls"})
    assert done is not None
    assert other is not None
    assert asked.about == done.about != other.about
    # What was chosen is known only afterwards.
    questions = {"tool_name": "AskUserQuestion", "tool_input": {"questions": [COLOUR]}}
    chosen = {"tool_name": "AskUserQuestion", "tool_input": {"questions": [COLOUR], "answers": {"colour": "Red"}}}
    answered = claude("PostToolUse", **chosen)
    assert answered is not None
    assert asked_of(claude("PermissionRequest", **questions)).about == answered.about


def test_claude_is_done_with_its_last_words() -> None:
    done = claude("Stop", stop_hook_active=False, last_assistant_message="I made it. Shall I go on?")
    assert done == Report("hook", AT, "done", last_message="I made it. Shall I go on?", session=SESSION)


@pytest.mark.parametrize(
    ("error", "reason"),
    [("rate_limit", "limited"), ("authentication_failed", "key_refused"), ("server_error", "")],
)
def test_claude_fails_for_a_reason(error: str, reason: str) -> None:
    said = "API Error: Request rejected (429) · Limit reached"
    failed = claude("StopFailure", error=error, last_assistant_message=said)
    assert failed is not None
    assert (failed.state, failed.reason, failed.detail) == ("failed", reason, said)


def test_what_claude_says_beside_is_not_taken_up() -> None:
    assert claude("Notification", message="Claude needs your permission") is None
    assert claude("SubagentStop") is None


# Codex


def test_codex_asks_with_letters() -> None:
    said = {"session_id": SESSION, "tool_name": "Bash", "tool_input": SAIL | {"description": "May I run it?"}}
    asked = asked_of(only(codex.read("PermissionRequest", said, AT)))
    assert keys_of(asked) == {"yes": "y", "no": "\x1b"}
    assert asked.text == "Bash\necho sail > sail.txt\nMay I run it?"


def test_codex_patches_are_named_by_their_files() -> None:
    patch = "*** Begin Patch\n*** Add File: boat.txt\n+a boat\n*** Update File: sea.txt\n+wet\n*** End Patch"
    said = {"session_id": SESSION, "tool_name": "apply_patch", "tool_input": {"command": patch}}
    report = only(codex.read("PreToolUse", said, AT))
    assert report is not None
    assert report.doing == "apply_patch boat.txt, sea.txt"


def test_codex_asks_in_its_plan_mode() -> None:
    said = {"tool_name": "request_user_input", "tool_input": {"questions": [COLOUR | {"id": "colour"}]}}
    assert asked_of(only(codex.read("PreToolUse", said, AT))).text == "Which colour shall it be?"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("state=working:app=codex", None),
        ("state=blocked:app=codex:kind=permission", "waiting"),
        ("state=idle:app=codex", "done"),
        ("state=done:app=codex", "done"),
    ],
)
def test_codex_tells_its_terminal_how_far_it_is(text: str, state: str | None) -> None:
    assert codex.read("osc7501", text, AT) == [Report("hook", AT, state)]  # type: ignore[arg-type] # one of them


# opencode


CONVERSATION = "ses_dfcc58ae9ffeCRYH7OrZd8XSld"


def opened(event: str, **said: Any) -> Report | None:
    return only(opencode.read(event, {"sessionID": CONVERSATION} | said, AT))


def test_opencode_works_while_it_is_busy() -> None:
    assert opened("session.status", status={"type": "busy"}) == Report("hook", AT, "working", session=CONVERSATION)
    assert opened("session.status", status={"type": "idle"}) is None
    running = opened("tool", tool="bash", input=SAIL)
    assert running == Report("hook", AT, doing="$ echo sail > sail.txt", session=CONVERSATION)


def test_opencode_asks_for_permission_by_name() -> None:
    metadata = {"command": "echo sail > sail.txt"}
    said = opened("permission.asked", id="per_1", permission="bash", patterns=["echo *"], metadata=metadata)
    asked = asked_of(said)
    assert (asked.key, asked.text) == ("per_1", "bash\necho sail > sail.txt")
    assert keys_of(asked) == {"once": "\r", "always": "\x1b[C\r\r", "no": "\x1b[C\x1b[C\r"}
    assert asked.before == "\x1b[C\x1b[C\r"


def test_opencode_shows_what_it_wants_to_write() -> None:
    metadata = {"filepath": "/home/dev/workspace/boat.txt", "diff": "+a boat\n"}
    said = opened("permission.asked", id="per_2", permission="edit", patterns=["boat.txt"], metadata=metadata)
    assert asked_of(said).text == "edit boat.txt\n+a boat"


def test_opencode_asks_a_question_by_name() -> None:
    asked = asked_of(opened("question.asked", id="que_1", questions=[COLOUR]))
    assert (asked.key, asked.before, len(asked.options)) == ("que_1", "3", 2)


@pytest.mark.parametrize("event", ["permission.replied", "question.replied", "question.rejected"])
def test_opencode_goes_on_when_it_was_answered(event: str) -> None:
    report = opened(event, requestID="per_1")
    assert report is not None
    assert (report.state, report.about) == ("working", "per_1")


def test_opencode_is_done_with_its_last_words() -> None:
    assert opened("session.idle", text="I made it.") == Report(
        "hook", AT, "done", last_message="I made it.", session=CONVERSATION
    )


def test_opencode_fails_but_not_when_it_is_interrupted() -> None:
    assert opened("session.error", error={"name": "MessageAbortedError", "data": {"message": "Aborted"}}) is None
    failed = opened("session.error", error={"name": "APIError", "data": {"message": "No key", "statusCode": 401}})
    assert failed is not None
    assert (failed.state, failed.reason, failed.detail) == ("failed", "key_refused", "No key")


# All of them

SHAPES: list[Any] = [None, 7, "text", [], [None], {}, {"session_id": 7}, {"tool_input": "x", "questions": [[]]}]
EVENTS = [
    *claude_code.EVENTS,
    "osc7501",
    "tool",
    "session.status",
    "session.error",
    "session.idle",
    "permission.asked",
    "question.asked",
    "never heard of",
]


@pytest.mark.parametrize("name", sorted(CATALOG))
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("payload", SHAPES)
def test_nothing_a_machine_says_breaks_the_reader(name: str, event: str, payload: Any) -> None:
    for report in CATALOG[name].read(event, payload, AT):
        assert report.at == AT


@pytest.mark.parametrize("name", ["claude-code", "codex", "opencode"])
def test_text_of_machines_is_cleaned(name: str) -> None:
    dirty = "\x1b[31mred\x07\u202eturned"
    said = {
        "session_id": "--dangerous",
        "sessionID": "--dangerous",
        "tool_name": dirty,
        "tool_input": {"command": dirty, "description": dirty, "questions": [COLOUR | {"question": dirty}]},
        "permission": dirty,
        "metadata": {"command": dirty},
        "last_assistant_message": dirty,
        "text": dirty,
        "tool": dirty,
        "input": {"command": dirty},
    }
    for event in EVENTS:
        for report in CATALOG[name].read(event, said, AT):
            shown = repr(report)
            assert "\\x1b[31m" not in shown
            assert "\\u202e" not in shown
            assert "dangerous" not in shown
