"""The tree of refusals: each has a sentence and a status."""

from aether.contracts.problem import NotFound, Refusal


class NoSuchKey(NotFound):
    title = "There is no such key"


class NoSuchToken(NotFound):
    title = "There is no such agent token"


class NoSuchRun(NotFound):
    title = "There is no such run"


class NoSuchWebhook(NotFound):
    title = "There is no such webhook"


class TooMany(Refusal):
    status = 409
    type = "too-many"
    title = "There are too many of these already"


class Taken(Refusal):
    status = 409
    type = "taken"
    title = "It is in use already"


class AnsweredAlready(Refusal):
    """Somebody, perhaps the same person on another page, was faster."""

    status = 409
    type = "answered-already"
    title = "This question has been answered already"


class QuestionGone(Refusal):
    status = 409
    type = "question-gone"
    title = "This question is no longer open"


class RunEnded(Refusal):
    status = 409
    type = "run-ended"
    title = "This run has ended"


class RunGoesOn(Refusal):
    status = 409
    type = "run-goes-on"
    title = "This run has not ended"


class NotHere(Refusal):
    """For what a machine asks on its socket: a key that is brokered, or not for this project."""

    status = 403
    type = "not-for-this-machine"
    title = "This machine may not have that"
