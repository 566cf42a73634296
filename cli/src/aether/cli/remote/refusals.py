"""What went wrong, as one sentence on stderr and an exit code.

1  refused, or failed
3  not signed in, or not allowed
4  there is no such thing
5  aether does not answer
"""

import functools
import sys
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

import httpx2
import typer

P = ParamSpec("P")
R = TypeVar("R")

EXIT_CODES = {401: 3, 403: 3, 404: 4, 502: 5, 503: 5}


class Refused(Exception):
    """A sentence for the person, and the exit code that goes with it."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def refused_by(answer: httpx2.Response) -> Refused:
    """What a problem says, in a sentence."""
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        problem = {}
    return refused_with(problem, answer.status_code)


def refused_with(problem: dict[str, Any], status: int) -> Refused:
    """The same for a problem that came through a socket."""
    if status == 401:
        return Refused("You are not signed in. Run: aether login", 3)
    parts = [str(problem.get("title") or f"aether answered with {status}")]
    errors = [
        f"{e.get('field')}: {e.get('message')}" if e.get("field") else e.get("message")
        for e in problem.get("errors") or []
    ]
    parts += errors or [str(problem["detail"])] if errors or problem.get("detail") else []
    return Refused(". ".join(part.rstrip(".") for part in parts) + ".", EXIT_CODES.get(status, 1))


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command end with a sentence instead of a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Refused as refused:
            _end(str(refused), refused.exit_code)
        except httpx2.TransportError as error:
            _end(f"aether does not answer ({type(error).__name__}). Is it running? Start it with: aether up", 5)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run


def _end(sentence: str, exit_code: int) -> NoReturn:
    print(f"aether: {sentence}", file=sys.stderr)
    raise typer.Exit(exit_code)
