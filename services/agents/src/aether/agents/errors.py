"""The tree of refusals: each has a sentence and a status."""

from aether.contracts.problem import NotFound, Refusal


class NoSuchKey(NotFound):
    title = "There is no such key"


class KeyDoesNotOpen(NotFound):
    """What is kept of it is not what was sealed in its place, or was sealed with a keyset that is gone."""

    type = "key-does-not-open"
    title = "This key cannot be opened any more; enter its value again"


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


class NotReady(Refusal):
    """Its agent is not there yet to read what would be typed: it is being installed, or has not begun."""

    status = 409
    type = "not-ready"
    title = "This agent is not ready yet"


class RunGoesOn(Refusal):
    status = 409
    type = "run-goes-on"
    title = "This run has not ended"


class NotHere(Refusal):
    """For what a machine asks on its socket: a key that is brokered, or not for this project."""

    status = 403
    type = "not-for-this-machine"
    title = "This machine may not have that"


class NotThisRun(Refusal):
    """A secret that is no run's of this machine, or none where one has to be shown."""

    status = 401
    type = "no-such-secret"
    title = "This is not the secret of a run of this machine"


class NoSuchVendor(NotFound):
    title = "There is no such vendor"


class VendorAway(Refusal):
    status = 502
    type = "vendor-away"
    title = "The vendor does not answer"


class NobodyToTell(Refusal):
    status = 409
    type = "nobody-to-tell"
    title = "Nobody is known yet whom this machine could call"


class TooOften(Refusal):
    status = 429
    type = "too-often"
    title = "This machine has called too often; it may again in a few minutes"


class NotTyped(Refusal):
    """The terminal would not take what was said; a question that it answered is open again."""

    status = 409
    type = "not-typed"
    title = "That could not be typed"


class CannotStart(Refusal):
    status = 409
    type = "cannot-start"
    title = "This cannot be started"


class PushNotConfigured(Refusal):
    status = 409
    type = "push-not-configured"
    title = "Web Push is not configured here"
