"""What calls for a person, and the ways to reach them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Done, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, DeliveryId, NoticeId, PersonId, ProjectId, PushId, RunId, WebhookId
from aether.contracts.service import Service

NoticeKind = Literal["waiting", "done", "failed", "stuck", "notify"]


class NoticeView(Reply):
    """Something that calls for a person. One for each question, end, failure or getting stuck of a run."""

    id: NoticeId
    account_id: AccountId
    project_id: ProjectId
    run_id: RunId | None
    kind: NoticeKind
    title: str
    body: str  # quotes the question; data from the machine
    path: str  # of the page that shows it, from the root of the web app
    created_at: AwareDatetime
    read_at: AwareDatetime | None = None


class NoticeList(Reply):
    items: list[NoticeView]
    unread: int


class ListNotices(Command[NoticeList]):
    """The newest notices, at most 100."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId


class ReadNotices(Command[NoticeList]):
    """Mark notices read; None: all of them."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    notice_ids: Annotated[list[NoticeId] | None, Field(max_length=200)] = None


class AttentionSettings(Reply):
    """How a person wants to be called. Within quiet hours nothing leaves aether; the pages still show it.

    Times are "HH:MM" of the IANA time zone; start after end spans midnight.
    """

    person_id: PersonId
    sound: bool = True
    push: bool = True
    mail: bool = False
    kinds: list[NoticeKind] = ["waiting", "done", "failed", "stuck", "notify"]
    quiet_start: str | None = None
    quiet_end: str | None = None
    time_zone: str = "UTC"
    push_public_key: str | None = None  # VAPID's, in URL-safe base64; None where Web Push is not configured


class GetAttentionSettings(Command[AttentionSettings]):
    """The person's settings, or the defaults."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId


class UpdateAttentionSettings(Command[AttentionSettings]):
    """Change what is given; None leaves a field as it is. Empty quiet hours ("") end them."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    sound: bool | None = None
    push: bool | None = None
    mail: bool | None = None
    kinds: list[NoticeKind] | None = None
    quiet_start: Annotated[str | None, Field(max_length=5)] = None
    quiet_end: Annotated[str | None, Field(max_length=5)] = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None


class PushView(Reply):
    """A browser that takes Web Push."""

    id: PushId
    person_id: PersonId
    label: str
    created_at: AwareDatetime


class AddPush(Command[PushView]):
    """Keep a browser's push subscription. The same endpoint again takes the place of the one before."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    endpoint: Annotated[str, Field(max_length=2048)]
    p256dh: Annotated[str, Field(max_length=200)]
    auth: Annotated[str, Field(max_length=100, repr=False)]
    label: Annotated[str, Field(max_length=200)] = ""


class RemovePush(Command[Done]):
    """Forget a browser by its endpoint."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    endpoint: Annotated[str, Field(max_length=2048)]


class WebhookView(Reply):
    """Where notices are posted, signed. `failing_since` is set while deliveries fail."""

    id: WebhookId
    account_id: AccountId
    url: str
    kinds: list[NoticeKind]
    created_at: AwareDatetime
    failing_since: AwareDatetime | None = None


class WebhookList(Reply):
    items: list[WebhookView]


class CreatedWebhook(Reply):
    """`secret` signs the deliveries (HMAC-SHA256, the headers of Standard Webhooks) and is shown here only."""

    webhook: WebhookView
    secret: Annotated[str, Field(repr=False)]


class ListWebhooks(Command[WebhookList]):
    """The account's webhooks."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId


class CreateWebhook(Command[CreatedWebhook]):
    """https, or http to this computer itself. An address inside a private network is refused at each delivery."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    url: Annotated[str, Field(max_length=2048)]
    kinds: list[NoticeKind] = ["waiting", "done", "failed", "stuck", "notify"]


class DeleteWebhook(Command[Done]):
    """No more deliveries. A foreign webhook is as missing as none."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    webhook_id: WebhookId


class DeliveryView(Reply):
    """One notice on its way to one webhook. `next_at` is when it is tried again; None once it is over."""

    id: DeliveryId
    webhook_id: WebhookId
    notice_id: NoticeId
    kind: NoticeKind
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    status: int | None = None
    error: str = ""
    created_at: AwareDatetime
    next_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None


class DeliveryList(Reply):
    items: list[DeliveryView]


class ListDeliveries(Command[DeliveryList]):
    """The newest deliveries of a webhook, at most 100."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    webhook_id: WebhookId


class NoticeRaised(Event):
    """Something calls for a person: the pages show it and ring. Said once for each notice.

    `by_mail` says that the person is to be written to as well; whoever they are, the gateway knows.
    """

    subject = "notice.raised.v1"
    producer = Service.AGENTS
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    project_id: ProjectId
    notice: NoticeView
    unread: int
    by_mail: bool = False
