"""Runs: agents at work, what they ask and what they are told."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.agents.catalog import AgentName
from aether.contracts.command import Command, Done, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, PersonId, ProjectId, QuestionId, RunId, TerminalId
from aether.contracts.service import Service

RunState = Literal["starting", "working", "waiting", "done", "failed", "stuck"]


class QuestionOption(Reply):
    """An answer that is one press away. `id` names it in MessageRun.option."""

    id: str
    label: str


class QuestionView(Reply):
    """What a run wants of its person. Its id is of this question alone: an answer names it, and is taken once.

    permission: the agent asks whether it may do something; question: it asks something; message: it has ended its
    turn and these are its last words, which may hold a question. `text` is data from the machine.
    """

    id: QuestionId
    kind: Literal["permission", "question", "message"]
    text: str
    options: list[QuestionOption] = []
    asked_at: AwareDatetime


class RunView(Reply):
    """One agent at work. `version` grows with each change; an older one is ignored.

    `doing`, `last_message` and the question's text are data from the machine. `detail` is a sentence of ours
    ("Limited until 03:00 UTC.", "The key was refused."). `cost_cents` is the machine's time while it worked, at
    list price; the vendor's tokens are counted beside it where they came through the broker.
    """

    id: RunId
    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    agent: str
    agent_title: str
    name: str
    prompt: str
    command: str = ""
    state: RunState
    detail: str = ""
    reason: Literal["", "limited", "key_refused", "exited", "stopped", "machine_stopped", "not_installed"] = ""
    limited_until: AwareDatetime | None = None
    doing: str = ""
    question: QuestionView | None = None
    last_message: str = ""
    since: AwareDatetime
    terminal_id: TerminalId | None = None
    restarts: int = 0
    working_seconds: int = 0
    cost_cents: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    version: int
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    dismissed: bool = False  # taken off the board


class RunList(Reply):
    items: list[RunView]
    next_cursor: str | None = None


class StartRun(Command[RunView]):
    """Set an agent to work. A stopped machine is started for it. Installing the agent, where it is missing, is
    part of starting. `command` is what to run for the agent "command", and refused for others."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    project_id: ProjectId
    agent: AgentName
    prompt: Annotated[str, Field(max_length=65_536)] = ""
    command: Annotated[str, Field(max_length=4096)] = ""
    name: Annotated[str, Field(max_length=80)] = ""
    idempotency_key: str | None = None


class ListRuns(Command[RunList]):
    """Runs of the account, newest first; of one project if named. Without `include_ended` those not ended, and the
    ended ones of the last day that nobody has dismissed. A page may hold fewer than `limit`; only `next_cursor`
    says whether more follow."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId | None = None
    include_ended: bool = False
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class GetRun(Command[RunView]):
    """One run of the account. A foreign one is as missing as none."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    run_id: RunId


class MessageRun(Command[RunView]):
    """Type a text into a run, once. With `question_id` it is the answer to that question: refused with 409
    (`answered-already`, `question-gone`) if another answer was taken or the question is no longer open.
    `option` answers with one of the question's options instead of a text. The same idempotency key is typed once.
    A run that has ended is started again with the text, where its agent resumes and the machine runs."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    run_id: RunId
    text: Annotated[str, Field(max_length=65_536)] = ""
    option: Annotated[str | None, Field(max_length=64)] = None
    question_id: QuestionId | None = None
    idempotency_key: Annotated[str | None, Field(max_length=200)] = None


class StopRun(Command[RunView]):
    """End the agent and what it started; its terminal closes, its recording stays. Ended already is a success."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    run_id: RunId


class DismissRun(Command[Done]):
    """Take an ended run off the board. One that has not ended is refused."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    run_id: RunId


class LookAtRun(Command[Done]):
    """A visible, focused page of this person shows this very run. Good for 15 s; for so long its notices are
    marked read and nothing is sent beyond the pages."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    run_id: RunId


class RunChanged(Event):
    """A run was started, or something that its person can see has changed. Carries the whole run.

    What only counts up (tokens, seconds) is told at most every 10 s.
    """

    subject = "run.changed.v1"
    producer = Service.AGENTS
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    run_id: RunId
    run: RunView
