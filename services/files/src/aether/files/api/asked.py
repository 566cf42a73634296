"""A request that was let in, and what it asks: paths, switches, numbers, a small body of JSON."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from aether.contracts.ids import ProjectId
from aether.contracts.problem import FieldError, Invalid
from aether.files.deps.files import Files
from aether.files.deps.ports import Hand
from aether.files.deps.visits import Visit
from aether.files.domain.paths import path_of
from aether.files.errors import TooLarge
from aether.kit.grants import Grant

LONGEST_BODY = 64 * 1024
SWITCHES = {"": False, "0": False, "false": False, "1": True, "true": True}

M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """The root of what comes as JSON. Its own names are the API's."""

    model_config = ConfigDict(extra="ignore")


@dataclass
class Asked:
    request: Request
    visit: Visit
    files: Files

    @property
    def grant(self) -> Grant:
        return self.visit.grant

    @property
    def project_id(self) -> ProjectId:
        return self.visit.grant.project_id

    @property
    def hand(self) -> Hand:
        return self.files.hand

    @cached_property
    def query(self) -> dict[str, str]:
        """Raises Invalid where it is not UTF-8."""
        try:
            text = self.request.scope["query_string"].decode("ascii")
            return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
        except ValueError:
            raise Invalid("The query is not UTF-8. Give such a path as path_b64.") from None

    def header(self, name: str) -> str | None:
        """A header; of one that is given several times, all of it."""
        values = self.request.headers.getlist(name)
        return ", ".join(values) if values else None

    def path(self, default: str | None = None) -> str:
        text, encoded = self.query.get("path"), self.query.get("path_b64")
        return path_of(default if text is None and encoded is None else text, encoded)

    def flag(self, name: str) -> bool:
        value = SWITCHES.get(self.query.get(name, ""))
        if value is None:
            raise Invalid.field(name, "This is 1 or 0.")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1; more than `most` is that many."""
        text = self.query.get(name) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0):
            raise Invalid.field(name, f"This is a number from 1 to {most}.")
        return min(int(text), most)

    async def body(self, model: type[M]) -> M:
        """The JSON that was sent. Raises Invalid, field by field, and TooLarge."""
        data = bytearray()
        async for piece in self.request.stream():
            data += piece
            if len(data) > LONGEST_BODY:
                raise TooLarge("This request has a body of at most 64 KiB.")
        try:
            return model.model_validate_json(bytes(data))
        except ValidationError as error:
            errors = [
                FieldError(field=".".join(str(part) for part in e["loc"]), message=e["msg"])
                for e in error.errors(include_input=False, include_context=False, include_url=False)
            ]
            raise Invalid("The body is not the JSON that this needs.", errors=errors) from None
