"""The tree of refusals.

Refusal
├── TooManyTerminals    429  the project has as many open sessions as it may
├── TerminalClosed      410  the session has ended; what it showed may be in its recording
├── SessionsUnavailable 503  the machine is there and did not make the session
├── NothingListens      502  no program of this machine listens on the port
├── NoJumpHost          503  nobody listens for `ssh -J` here
├── TooManyTunnels      503  as many connections into the project's machine as may be are open
├── TooManyPorts        429  the project has as many labelled or opened ports as it may
├── ForeignOrigin       403  the page that asks is not ours
└── NotYourRight        403  the grant is for something else
"""

from aether.contracts.problem import Refusal


class TooManyTerminals(Refusal):
    status = 429
    type = "too-many-terminals"
    title = "This project has as many open terminals as it may have"

    def __init__(self, limit: int) -> None:
        super().__init__(f"This project has {limit} open terminals, which is the limit. Close one and try again.")


class TerminalClosed(Refusal):
    status = 410
    type = "terminal-closed"
    title = "This terminal has ended"


class SessionsUnavailable(Refusal):
    status = 503
    type = "sessions-unavailable"
    title = "The machine did not open a session"


class NothingListens(Refusal):
    status = 502
    type = "nothing-listens"
    title = "Nothing listens on this port"

    def __init__(self, port: int) -> None:
        super().__init__(f"No program in this project's machine listens on port {port}.")


class NoJumpHost(Refusal):
    status = 503
    type = "no-jump-host"
    title = "Machines cannot be entered by SSH here"


class TooManyTunnels(Refusal):
    status = 503
    type = "too-many-tunnels"
    title = "This project has as many open connections as it may have"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} connections into this project's machine are open, which is the limit.")


class TooManyPorts(Refusal):
    status = 429
    type = "too-many-ports"
    title = "This project has as many named ports as it may have"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} ports have a label or are not private, which is the limit.")


class ForeignOrigin(Refusal):
    status = 403
    type = "foreign-origin"
    title = "This page may not use terminals"


class NotYourRight(Refusal):
    status = 403
    type = "no-right"
    title = "This grant is for something else"
