"""Why machines refuses.

Refusal
├── NotFound          ProjectNotFound
├── Invalid           (with the field that is wrong)
├── NotRunning        the machine is not there to be used
├── TooMany           an account has what it may have
└── CannotServe       the service itself is not set up
"""

from aether.contracts.machines import ProjectStatus
from aether.contracts.problem import Invalid, NotFound, Refusal

__all__ = ["CannotServe", "Invalid", "NotRunning", "ProjectNotFound", "TooMany"]


class ProjectNotFound(NotFound):
    title = "There is no such project"


class NotRunning(Refusal):
    """Raised for what only a running machine can do."""

    status = 409
    type = "machine-not-running"
    title = "The machine does not run"

    def __init__(self, status: ProjectStatus) -> None:
        super().__init__(SENTENCES[status])


class TooMany(Refusal):
    status = 409
    type = "too-many"
    title = "That would be more than this account may have"


class CannotServe(Exception):
    """A setting without which the service must not start; the text names it."""


SENTENCES: dict[ProjectStatus, str] = {
    "stopped": "The project is stopped. Start it first.",
    "starting": "The machine is still starting. Try again in a moment.",
    "running": "The machine runs but cannot be reached just now.",
    "stopping": "The machine is stopping.",
    "error": "The machine could not be started. Start the project again.",
}
