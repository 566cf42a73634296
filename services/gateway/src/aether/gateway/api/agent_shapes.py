"""The JSON of keys, agent tokens, runs and notices. What agents defines is taken from the contracts."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from aether.contracts import agents as a
from aether.contracts.terminal import ScreenView
from aether.gateway.api.shapes import Body, Line, Shown, Text, shown_as

Key = shown_as(a.KeyView, "Key", "A key of mine. Its value never comes back; `last4` are its last characters.")
AgentToken = shown_as(a.AgentTokenView, "AgentToken", "A key pair that may enter one project's machine by SSH.")
SshConfig = shown_as(a.SshConfigView, "SshConfig", "What goes into an ssh configuration; nothing in it is secret.")
CatalogEntry = shown_as(a.CatalogEntry, "CatalogEntry", "An agent that can be started.")
Run = shown_as(a.RunView, "Run", "One agent at work. `version` grows with each change.")
Notice = shown_as(a.NoticeView, "Notice", "Something that calls for a person.")
AttentionSettings = shown_as(a.AttentionSettings, "AttentionSettings", "How I want to be called.")
Push = shown_as(a.PushView, "Push", "A browser of mine that takes Web Push.")
Webhook = shown_as(a.WebhookView, "Webhook", "Where notices are posted, signed.")
Delivery = shown_as(a.DeliveryView, "Delivery", "One notice on its way to one webhook.")
Screen = shown_as(ScreenView, "Screen", "The last lines of a terminal, as plain text.")


class KeyList(Shown):
    # The class is made above, when the module is read; so with those below.
    items: list[Key]  # type: ignore[valid-type]


class AgentTokenList(Shown):
    items: list[AgentToken]  # type: ignore[valid-type]


class CreatedAgentToken(Shown):
    """`private_key` is in this answer only, and only of a pair that was made here."""

    token: AgentToken  # type: ignore[valid-type]
    private_key: str | None


class Catalog(Shown):
    items: list[CatalogEntry]  # type: ignore[valid-type]


class RunList(Shown):
    items: list[Run]  # type: ignore[valid-type]
    next_cursor: str | None


class NoticeList(Shown):
    items: list[Notice]  # type: ignore[valid-type]
    unread: int


class WebhookList(Shown):
    items: list[Webhook]  # type: ignore[valid-type]


class CreatedWebhook(Shown):
    """`secret` is in this answer only."""

    webhook: Webhook  # type: ignore[valid-type]
    secret: str


class DeliveryList(Shown):
    items: list[Delivery]  # type: ignore[valid-type]


class PutKey(Body):
    """`value` may be left out to change only who has the key. `projects` null: every project."""

    value: Annotated[Text, Field(min_length=1, max_length=16_384)] | None = None
    mode: a.KeyMode | None = None
    projects: Annotated[list[UUID], Field(max_length=200)] | None = None


class CreateAgentToken(Body):
    """Without `public_key` a pair is made."""

    name: Annotated[Line, Field(min_length=1, max_length=64)]
    public_key: Annotated[Text, Field(max_length=16_384)] | None = None
    expires_at: AwareDatetime | None = None


class StartRun(Body):
    """`command` is for the agent "command" alone."""

    agent: a.AgentName
    prompt: Annotated[Text, Field(max_length=65_536)] = ""
    command: Annotated[Text, Field(max_length=4096)] = ""
    name: Annotated[Line, Field(max_length=80)] = ""


class MessageRun(Body):
    """A text, or one of the question's options. With `question_id` it answers that question, and once."""

    text: Annotated[Text, Field(max_length=65_536)] = ""
    option: Annotated[Line, Field(max_length=64)] | None = None
    question_id: UUID | None = None


class ReadNotices(Body):
    """Null: all of them."""

    ids: Annotated[list[UUID], Field(max_length=200)] | None = None


Kinds = Annotated[list[a.NoticeKind], Field(max_length=5)]
TimeOfDay = Annotated[Line, Field(max_length=5, pattern=r"^(?:(?:[01]\d|2[0-3]):[0-5]\d)?$")]


class UpdateAttention(Body):
    """What is left out stays. Empty quiet hours end them."""

    sound: bool | None = None
    push: bool | None = None
    mail: bool | None = None
    kinds: Kinds | None = None
    quiet_start: TimeOfDay | None = None
    quiet_end: TimeOfDay | None = None
    time_zone: Annotated[Line, Field(max_length=64)] | None = None


class AddPush(Body):
    """A browser's PushSubscription."""

    endpoint: Annotated[Line, Field(min_length=1, max_length=2048)]
    p256dh: Annotated[Line, Field(min_length=1, max_length=200)]
    auth: Annotated[Line, Field(min_length=1, max_length=100)]
    label: Annotated[Line, Field(max_length=200)] = ""


class RemovePush(Body):
    endpoint: Annotated[Line, Field(min_length=1, max_length=2048)]


class CreateWebhook(Body):
    url: Annotated[Line, Field(min_length=1, max_length=2048)]
    kinds: Kinds = ["waiting", "done", "failed", "stuck", "notify"]


RunFilter = Literal["active", "all"]
