"""Commands: orders and questions with one answer. A refusal comes back as a Problem.

class StartMachine(Command[ProjectView]):
    \"\"\"Start the project's machine.\"\"\"
    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})
"""

import re
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from aether.contracts.service import Service

COMMANDS: dict[str, type["Command[Any]"]] = {}


class Reply(BaseModel):
    """The root of all answers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Done(Reply):
    """It is done, and there is nothing more to say."""


ReplyT = TypeVar("ReplyT", bound=Reply)


class Command(BaseModel, Generic[ReplyT]):
    """The root of all commands. Its subject is rpc.<service>.<name>.v1, from the class's own name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: ClassVar[Service]
    callers: ClassVar[frozenset[Service]]
    subject: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__pydantic_generic_metadata__["origin"] is not None:
            return
        cls.subject = f"rpc.{cls.service}.{snake_case(cls.__name__)}.v1"
        COMMANDS[cls.subject] = cls

    @classmethod
    def reply(cls) -> type[Reply]:
        """The class of the answer, from the type parameter."""
        for base in cls.__mro__:
            arguments = getattr(base, "__pydantic_generic_metadata__", {}).get("args")
            if arguments:
                answer: type[Reply] = arguments[0]
                return answer
        raise TypeError(f"{cls.__name__} does not say what it is answered with")


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def served_by(service: Service) -> set[type[Command[Any]]]:
    return {command for command in COMMANDS.values() if command.service is service}


def called_by(service: Service) -> set[type[Command[Any]]]:
    return {command for command in COMMANDS.values() if service in command.callers}
