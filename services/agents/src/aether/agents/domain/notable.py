"""Which changes of a run call for its person, and in what words."""

from dataclasses import dataclass

from aether.agents.domain.run import COUNTING, Run
from aether.contracts.agents import NoticeKind


@dataclass(frozen=True)
class Notable:
    """`once` names it: it is told once, however often it is found. `body` is data from the machine."""

    kind: NoticeKind
    title: str
    body: str
    once: str


def need(run: Run) -> str:
    """What a run wants its person for now; empty for nothing. The same need has the same name."""
    if run.question is not None:
        return str(run.question.id)
    if run.state in {"failed", "stuck"}:
        return f"{run.id}:{run.state}:{run.since.isoformat()}"
    return ""


def notable(before: Run, after: Run) -> Notable | None:
    """What is new in `after` that its person should hear of."""
    if after.reason == "limited" and before.reason != "limited":
        until = after.limited_until.isoformat() if after.limited_until else ""
        return Notable("failed", f"{after.name} is limited", after.detail, f"{after.id}:limited:{until}")
    wanted = need(after)
    if wanted and wanted != need(before):
        return _of_need(after, wanted)
    ended = after.ended_at is not None and before.ended_at is None
    if ended and after.reason == "exited" and before.state in {*COUNTING, "starting"}:
        return Notable("done", f"{after.name} is done", after.last_message, f"{after.id}:ended:{after.starts}")
    return None


def _of_need(run: Run, once: str) -> Notable:
    if run.question is None:
        says = "failed" if run.state == "failed" else "is stuck"
        kind: NoticeKind = "failed" if run.state == "failed" else "stuck"
        return Notable(kind, f"{run.name} {says}", run.detail or run.last_message, once)
    if run.question.kind == "message":
        return Notable("done", f"{run.name} is done", run.question.text, once)
    return Notable("waiting", f"{run.name} asks", run.question.text, once)
