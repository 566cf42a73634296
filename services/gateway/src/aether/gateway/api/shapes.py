"""The JSON of the public API. What machines and terminal define is taken from the contracts."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, create_model

from aether.contracts.command import Reply
from aether.contracts.machines import ProjectView
from aether.contracts.terminal import Columns, Rows, TerminalView


def _one_line(text: str) -> str:
    _no_zero(text)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("It must be one line without control characters.")
    return text.strip()


def _no_zero(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("It must not hold a NUL character or half of one.")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
Text = Annotated[str, AfterValidator(_no_zero)]
Password = Annotated[Text, Field(max_length=1024)]
Email = Annotated[Line, Field(max_length=320, json_schema_extra={"format": "email"})]


class Body(BaseModel):
    """The root of what is sent to us. An unknown field is a mistake and is told."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """The root of what is answered. Every field is always there."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


def shown_as(view: type[Reply], name: str, doc: str) -> type[BaseModel]:
    """The shape of what a service answers, without whose it is."""
    fields = {n: (f.annotation, f) for n, f in view.model_fields.items() if n != "account_id"}
    # Pydantic's create_model takes fields that mypy cannot read.
    return create_model(name, __base__=Shown, __doc__=doc, **fields)  # type: ignore[call-overload,no-any-return]


Project = shown_as(ProjectView, "Project", "A project. `version` grows with each change.")
Terminal = shown_as(TerminalView, "Terminal", "One session in a project's machine.")


class ProjectList(Shown):
    # The class is made above, when the module is read.
    items: list[Project]  # type: ignore[valid-type]
    next_cursor: str | None


class TerminalList(Shown):
    items: list[Terminal]  # type: ignore[valid-type]
    next_cursor: str | None


class Me(Shown):
    id: UUID
    email: str
    display_name: str
    account_id: UUID
    created_at: AwareDatetime


class Session(Shown):
    """A sign-in. `current` is the one this was asked with."""

    id: UUID
    created_at: AwareDatetime
    last_seen_at: AwareDatetime
    user_agent: str
    ip: str
    current: bool


class SessionList(Shown):
    items: list[Session]
    next_cursor: str | None


class Token(Shown):
    """A personal token; `last4` are the last characters of its secret."""

    id: UUID
    name: str
    last4: str
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None
    expires_at: AwareDatetime | None


class CreatedToken(Token):
    """The only answer that holds the secret."""

    secret: str


class TokenList(Shown):
    items: list[Token]
    next_cursor: str | None


class Grant(Shown):
    """What opens a stream once, within 30 s: sent as the subprotocol `aether.grant.<grant>` or as
    `Authorization: Grant <grant>`, never in the URL."""

    url: str
    grant: str
    expires_at: AwareDatetime


class Config(Shown):
    """`preview_domain` is the host, perhaps with a port, that previews are under; null where they are off."""

    public_url: str
    preview_domain: str | None
    version: str
    features: dict[str, bool]


class Health(Shown):
    status: str


class Readiness(Shown):
    """`parts` says of each part `ok` or `away`."""

    ready: bool
    parts: dict[str, str]


class Signup(Body):
    email: Email
    password: Password
    display_name: Annotated[Line, Field(max_length=80)] = ""


class Login(Body):
    email: Email
    password: Password


class Forgot(Body):
    email: Email


class Reset(Body):
    token: Annotated[Text, Field(max_length=200)]
    password: Password


class UpdateMe(Body):
    """E-mail and password are changed with `current_password` only."""

    display_name: Annotated[Line, Field(max_length=80)] | None = None
    email: Email | None = None
    password: Password | None = None
    current_password: Password | None = None


class DeleteMe(Body):
    password: Password


class CreateToken(Body):
    name: Annotated[Line, Field(min_length=1, max_length=64)]
    expires_at: AwareDatetime | None = None


class CreateProject(Body):
    name: Annotated[Text, Field(max_length=200)]
    repo_url: Annotated[Text, Field(max_length=2048)] = ""
    branch: Annotated[Text, Field(max_length=255)] = ""
    provider: Annotated[Text, Field(max_length=64)] | None = None
    size: Annotated[Text, Field(max_length=64)] | None = None
    idle_minutes: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    env: dict[Text, Text] = {}
    recording: bool = True


class UpdateProject(Body):
    name: Annotated[Text, Field(max_length=200)] | None = None
    idle_minutes: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    recording: bool | None = None
    env: dict[Text, Text] | None = None


class Hold(Body):
    expires_in: Annotated[int, Field(ge=1, le=3600)]


class CreateTerminal(Body):
    name: Annotated[Line, Field(max_length=64)] = ""
    command: Annotated[Text, Field(max_length=4096)] = ""
    cols: Columns = 80
    rows: Rows = 24


class UpdateTerminal(Body):
    name: Annotated[Line, Field(min_length=1, max_length=64)]


class AskGrant(Body):
    right: Literal["input", "watch"] = "input"


HoldName = Annotated[Line, Path(min_length=1, max_length=64)]
