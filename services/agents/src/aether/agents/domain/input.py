"""A message or an answer on its way into a run's terminal."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from aether.agents.domain.run import Question
from aether.contracts.ids import QuestionId, RunId, TerminalId

BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True)
class Input:
    """`question` is what it answers, as it was; it is open again if this cannot be typed.

    With a text, `keys` are pressed before it. `terminal_id` is where the question stood: keys are for that only.
    """

    id: UUID
    run_id: RunId
    text: str = field(repr=False)  # what people tell agents may be a secret
    keys: str
    created_at: datetime
    next_at: datetime
    question_id: QuestionId | None = None
    question: Question | None = None
    terminal_id: TerminalId | None = None
    state: Literal["pending", "typed", "failed"] = "pending"
    attempts: int = 0

    def is_for(self, terminal_id: TerminalId | None) -> bool:
        return self.terminal_id in {None, terminal_id}

    @property
    def ends_turn(self) -> bool:
        """It is an answer after which the agent says nothing more."""
        options = self.question.options if self.question is not None and not self.text else ()
        return any(option.ends and option.keys == self.keys for option in options)

    def put_off(self, now: datetime) -> "Input | None":
        """To be tried again later; None once it has been tried for long enough."""
        if self.attempts >= len(BACK_OFF):
            return None
        later = now + timedelta(seconds=BACK_OFF[self.attempts])
        return replace(self, attempts=self.attempts + 1, next_at=later)
