"""A run as it is kept: its states, and what becomes of it by its person, its terminal and its machine.

What sources report of it is taken into account in hearing.py.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aether.agents.domain.launch import Agent
from aether.agents.domain.report import Option, State
from aether.contracts.ids import AccountId, PersonId, ProjectId, QuestionId, RunId, TerminalId

Reason = Literal["", "limited", "key_refused", "exited", "stopped", "machine_stopped", "not_installed"]
End = Literal["exited", "closed"]

COUNTING: frozenset[State] = frozenset({"working", "stuck"})
NOT_INSTALLED = 97  # with this status the start script ends where the agent could not be installed
GO_ON = "The machine was restarted. Go on where you left off."
STOPPED = "Its machine has stopped."


@dataclass(frozen=True)
class Question:
    """What a run wants of its person. `key` is the agent's own name for it, if it has one.

    `before` are keys that make way for an answer in the person's own words. `about` and `shown` are as in Asked.
    `behind` are those asked meanwhile: the terminal shows one after the other. `in_words`: its dialog went with an
    earlier start of the agent, and only words answer it.
    """

    id: QuestionId
    kind: Literal["permission", "question", "message"]
    text: str
    asked_at: datetime
    options: tuple[Option, ...] = ()
    key: str = ""
    before: str = ""
    about: str = ""
    shown: tuple[str, ...] = ()
    behind: tuple["Question", ...] = ()
    in_words: bool = False


@dataclass(frozen=True)
class Run:
    """One agent at work.

    `wanted`: it is to be started in its machine as soon as that runs, and is not there now. `launched`: its start
    script has come to the agent itself. `starts` counts its terminals, `generation` is the start of the machine in
    which the last of them is. `spoke`: it has said of itself how far it is since it was last started. `talked`: it
    has once taken up what it was to do, so that there is a conversation of its own to be resumed. `next_prompt` is
    what its next words are to be; it stays until they are taken up.
    `worked` are seconds up to `counted_at`, from when they are to be counted on; None while it does not work.
    """

    id: RunId
    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    agent: str
    agent_title: str
    name: str
    prompt: str
    command: str
    created_at: datetime
    since: datetime
    attended_at: datetime  # the person's last word to it
    state: State = "starting"
    detail: str = ""
    reason: Reason = ""
    limited_until: datetime | None = None
    doing: str = ""
    question: Question | None = None
    answered_key: str = ""
    last_message: str = ""
    session: str = ""
    next_prompt: str = ""
    wanted: bool = True
    launched: bool = False
    spoke: bool = False
    talked: bool = False
    stop_asked: bool = False
    terminal_id: TerminalId | None = None
    generation: int = 0
    starts: int = 0
    restarts: int = 0
    worked: float = 0.0
    counted_at: datetime | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    version: int = 1
    told_at: datetime | None = None
    tell_at: datetime | None = None  # when a change that was held back is to be told
    ended_at: datetime | None = None
    dismissed_at: datetime | None = None

    @property
    def is_there(self) -> bool:
        """Its terminal is open, as far as anyone has said."""
        return self.ended_at is None and not self.wanted and self.terminal_id is not None

    def into(self, state: State, now: datetime, **changes: object) -> "Run":
        """In a state. Coming to another one forgets what was said of the one before, but for a limit."""
        if state != self.state:
            fresh: dict[str, object] = {"since": now}
            if self.reason != "limited":
                fresh |= {"detail": "", "reason": ""}
            changes = {**fresh, **changes}
        # mypy cannot follow a mapping into the fields of a dataclass.
        return replace(self, state=state, **changes).counted(now)  # type: ignore[arg-type]

    def counted(self, now: datetime) -> "Run":
        """Time that it worked is added up; a clock that went back takes nothing away."""
        worked = self.worked_until(now)
        counts = self.state in COUNTING and not self.wanted and self.ended_at is None
        return replace(self, worked=worked, counted_at=now if counts else None)

    def worked_until(self, now: datetime) -> float:
        """Seconds that it worked."""
        if self.counted_at is None:
            return self.worked
        return self.worked + max(0.0, (now - self.counted_at).total_seconds())

    def unlimited(self) -> "Run":
        """The vendor answers again, or the time has come at which it said it would."""
        return replace(self, reason="", limited_until=None, detail="")

    @property
    def first_words(self) -> str:
        """What a start is given to do: all of it, until there is a conversation that knows of it."""
        if self.talked:
            return self.next_prompt
        return _joined(self.prompt, self.next_prompt)

    def taken_up(self) -> "Run":
        """It has begun with what it was given to do."""
        return replace(self, talked=True, next_prompt="")

    # What is found out by looking

    def grown_stuck(self, detail: str, now: datetime) -> "Run":
        if self.state != "working":
            return self
        return self.into("stuck", now, detail=detail or "It repeats itself.")

    def gone_on(self, now: datetime) -> "Run":
        """It does something new."""
        return self.into("working", now) if self.state == "stuck" else self

    # Its person's word

    def answered(self, now: datetime, *, ends_turn: bool = False) -> "Run":
        """A message or an answer is on its way into its terminal. One that ends the turn ends all questions."""
        key = self.question.key if self.question is not None else ""
        run = self.into("working", now, question=None) if ends_turn else self.settled(now)
        return replace(run, answered_key=key or self.answered_key, attended_at=now)

    def settled(self, now: datetime) -> "Run":
        """Its question is over. The next is open if more were asked; else it works."""
        behind = self.question.behind if self.question is not None else ()
        if not behind:
            return self.into("working", now, question=None)
        return self.into("waiting", now, question=replace(behind[0], behind=behind[1:]), since=now)

    def reopened(self, question: Question | None, detail: str, now: datetime) -> "Run":
        """The answer could not be typed: the same question is open again, unless another came meanwhile."""
        if self.ended_at is not None:
            return self
        if question is not None and self.question is not None and _is_behind(self.question, question):
            again = replace(question, behind=(replace(self.question, behind=()), *self.question.behind))
            return replace(self, question=again, answered_key="", detail=detail)
        if question is None or self.question is not None:
            return replace(self, detail=detail)
        state: State = "done" if question.kind == "message" else "waiting"
        again = replace(question, behind=())
        return self.into(state, now, question=again, answered_key="", detail=detail)

    def stop_wanted(self, now: datetime) -> "Run":
        """What is not in a machine has ended with that; else its terminal is to be closed."""
        stopping = replace(self, stop_asked=True)
        return stopping if self.is_there else stopping.ended("closed", None, now)

    def woken(self, text: str, now: datetime) -> "Run":
        """It had ended, and is started again with a message."""
        again = replace(
            self, ended_at=None, dismissed_at=None, stop_asked=False, attended_at=now, restarts=self.restarts + 1
        )
        before = "" if self.next_prompt == GO_ON else self.next_prompt
        return replace(again.away(), next_prompt=_joined(before, text)).into("starting", now, reason="", detail="")

    # Its terminal and its machine

    def opened(self, terminal_id: TerminalId, generation: int, now: datetime) -> "Run":
        """Its terminal is there; the start script runs."""
        run = replace(
            self,
            terminal_id=terminal_id,
            generation=generation,
            starts=self.starts + 1,
            wanted=False,
        )
        if self.reason == "machine_stopped":
            run = replace(run, reason="", detail="")
        return run.counted(now)

    def installing(self) -> "Run":
        """The agent is missing in its machine and is being brought."""
        return replace(self, doing=f"Installing {self.agent_title}") if self.is_there else self

    def began(self, agent: Agent | None, now: datetime) -> "Run":
        """The agent itself has begun. One that says nothing of itself works from now on."""
        # Its first word may have been quicker than that of the script.
        run = replace(self, launched=True, doing=self.doing if self.launched else "")
        if agent is not None and agent.has_hooks:
            return run
        return (run.into("working", now) if self.state == "starting" else run).taken_up()

    def machine_stopped(self, at: datetime, *, resumes: bool) -> "Run":
        """What it was stays in view, and it is started again with the machine. What cannot go on has ended."""
        if self.ended_at is not None or self.reason == "machine_stopped":
            return self
        run = self.counted(at)
        if self.stop_asked:
            return run.ended("closed", None, at)
        if self.starts and not resumes:
            ended = replace(run, state="failed", doing="", question=None, wanted=False, counted_at=None)
            return replace(ended, reason="machine_stopped", detail=STOPPED, since=at, ended_at=at)
        worked = self.talked and self.state in {*COUNTING, "starting"}
        return replace(
            run.away(),
            reason="machine_stopped",
            detail=STOPPED,
            limited_until=None,
            counted_at=None,
            next_prompt=self.next_prompt or (GO_ON if worked else ""),
        )

    def away(self) -> "Run":
        """Not in a machine; to be started as soon as it may be."""
        return replace(self, wanted=True, launched=False, spoke=False, answered_key="", doing="")

    def resumed(self, now: datetime) -> "Run":
        """About to be started again after its machine was. What was asked can only be answered in words now."""
        run = replace(self, restarts=self.restarts + 1) if self.starts else self
        if run.question is not None and run.question.kind != "message":
            run = replace(run, question=in_words(run.question))
        if run.state in COUNTING:
            return replace(run, state="starting", since=now)
        return run

    def closed(
        self,
        terminal_id: TerminalId | None,
        how: End,
        code: int | None,
        now: datetime,
        *,
        gone: bool,
        resumes: bool,
        printed: str = "",
    ) -> "Run":
        """After a terminal was closed, with its machine if that is `gone`. An earlier one is no matter.

        What it `printed` last are its last words, if it has said none itself.
        """
        if self.wanted or self.terminal_id != terminal_id:
            return self
        if gone:
            return self.machine_stopped(now, resumes=resumes)
        return replace(self, last_message=self.last_message or printed).ended(how, code, now)

    def ended(self, how: End, code: int | None, now: datetime) -> "Run":
        """Its terminal is closed: by a person, or because the agent has exited with `code`, None if unknown."""
        if self.ended_at is not None:
            return self
        state, reason, detail = self._end(how, code)
        run = self.counted(now)
        return replace(
            run,
            state=state,
            reason=reason,
            detail=detail,
            question=None,
            doing="",
            wanted=False,
            counted_at=None,
            since=now if state != self.state else self.since,
            ended_at=now,
        )

    def _end(self, how: End, code: int | None) -> tuple[State, Reason, str]:
        if how == "closed" or self.stop_asked:
            return ("failed", self.reason, self.detail) if self.state == "failed" else ("done", "stopped", "")
        if code == NOT_INSTALLED and not self.launched:
            return "failed", "not_installed", f"{self.agent_title} could not be installed."
        if self.state == "failed":
            return "failed", self.reason or "exited", self.detail
        if code == 0:
            return "done", "exited", ""
        known = "It ended, and with what status is not known." if code is None else f"It ended with status {code}."
        return "failed", "exited", known

    def gave_up(self, detail: str, now: datetime) -> "Run":
        """It could not be started at all."""
        return replace(self.ended("exited", None, now), state="failed", reason="", detail=detail)


def in_words(question: Question) -> Question:
    """The same, when the agent's dialog is gone, and with it what was asked behind it."""
    choices = question.options if question.kind == "question" else ()
    options = tuple(replace(option, keys="", text=option.text or option.label) for option in choices)
    return Question(question.id, "question", question.text, question.asked_at, options, in_words=True)


def _is_behind(later: Question, earlier: Question) -> bool:
    return any(later.id == each.id for each in earlier.behind)


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
