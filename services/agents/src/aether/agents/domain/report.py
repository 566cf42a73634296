"""What a source says of a run at one moment: a hook, a signal of its terminal, its screen, the broker."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

State = Literal["starting", "working", "waiting", "done", "failed", "stuck"]
# Ordered by how much a source knows. Hooks and events of the agent itself are believed before its terminal.
Source = Literal["hook", "program", "broker", "signal", "screen"]


@dataclass(frozen=True)
class Option:
    """An answer that is one press away: `keys` are typed as they are, or `text` as a message.

    `ends`: after it the agent's turn is over, and the agent says nothing of that.
    """

    id: str
    label: str
    keys: str = ""
    text: str = ""
    ends: bool = False


@dataclass(frozen=True)
class Asked:
    """A question as a source tells of it; the run gives it its id.

    `key` is the agent's own name for it, such as a request's id: the same key again is the same question.
    `before` are keys to be pressed before an answer in the person's own words, so that it is taken as such.
    `about` names the use of a tool that waits for it. `shown` are texts of which its dialog shows one at least.
    """

    kind: Literal["permission", "question", "message"]
    text: str
    options: tuple[Option, ...] = ()
    key: str = ""
    before: str = ""
    about: str = ""
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """`state` None: nothing is said of the state, only of what else is given. `about` as in Asked.

    All text is from the machine: whoever makes a report has cleaned and shortened it (see domain.text).
    """

    source: Source
    at: datetime
    state: State | None = None
    doing: str = ""
    asked: Asked | None = None
    about: str = ""
    last_message: str = ""
    session: str = ""  # the agent's own id of its conversation, to resume with
    reason: Literal["", "limited", "key_refused", "exited"] = ""
    limited_until: datetime | None = None
    detail: str = ""
    tokens: tuple[int, int] = field(default=(0, 0))  # in and out, to be added
