"""What is asked of agents and what it says: keys, tokens, the catalog, runs, and what calls for a person."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Done, Reply
from aether.contracts.event import Event
from aether.contracts.ids import (
    AccountId,
    AgentTokenId,
    DeliveryId,
    NoticeId,
    PersonId,
    ProjectId,
    PushId,
    QuestionId,
    RunId,
    TerminalId,
    WebhookId,
)
from aether.contracts.service import Service

RunState = Literal["starting", "working", "waiting", "done", "failed", "stuck"]
NoticeKind = Literal["waiting", "done", "failed", "stuck", "notify"]
# How a key reaches an agent: brokered, the machine never has it; injected, it stands in a session's environment.
KeyMode = Literal["brokered", "injected"]
AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
KeyName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


# Keys


class KeyView(Reply):
    """A person's key. The value never comes back. `projects` None: every project of the account.

    `vendor` is whose it is where the name tells (ANTHROPIC_API_KEY: anthropic), and empty for other names.
    """

    name: str
    account_id: AccountId
    vendor: str = ""
    mode: KeyMode
    last4: str
    projects: list[ProjectId] | None = None
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    last_used_at: AwareDatetime | None = None
    refused_at: AwareDatetime | None = None  # when the vendor last refused it, if it has not taken it since


class KeyList(Reply):
    items: list[KeyView]


class ListKeys(Command[KeyList]):
    """The account's keys by name."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId


class PutKey(Command[KeyView]):
    """Keep a key, or put another value in its place (rotate). Fields that are None stay, on a new key the default.

    A key without a known vendor cannot be brokered. Machines that have it get the new one at once.
    """

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    name: KeyName
    value: str | None = Field(None, min_length=1, max_length=16_384, repr=False)
    mode: KeyMode | None = None
    projects: list[ProjectId] | None = None
    every_project: bool = False  # True makes `projects` None again


class DeleteKey(Command[Done]):
    """Forget a key; what was injected is taken away. One that is not there is already gone."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    name: KeyName


# Agent tokens: keys that enter a machine by SSH


class AgentTokenView(Reply):
    """A key pair that may enter one project's machine through the jump host. `public_key` is an OpenSSH line."""

    id: AgentTokenId
    account_id: AccountId
    project_id: ProjectId
    name: str
    public_key: str
    fingerprint: str  # SHA256:…, as ssh-keygen -l prints it
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None


class AgentTokenList(Reply):
    items: list[AgentTokenView]


class CreatedAgentToken(Reply):
    """`private_key` (OpenSSH's format) is here and nowhere else, and only of a pair that was made by us."""

    token: AgentTokenView
    private_key: Annotated[str | None, Field(repr=False)] = None


class ListAgentTokens(Command[AgentTokenList]):
    """The tokens of one project that are not revoked, newest first."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId


class CreateAgentToken(Command[CreatedAgentToken]):
    """Make an ed25519 pair, or take the given public key: ed25519, sk-ed25519, ecdsa, or rsa of 3072 bits or more.

    A public key that enters one project already enters no second one.
    """

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    project_id: ProjectId
    name: Annotated[str, Field(min_length=1, max_length=64)]
    public_key: Annotated[str | None, Field(max_length=16_384)] = None
    expires_at: AwareDatetime | None = None


class RevokeAgentToken(Command[Done]):
    """It opens nothing any more, and what is open with it is cut within 5 s. Already revoked is a success."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    token_id: AgentTokenId


class FindAgentToken(Command[AgentTokenView]):
    """The token of a public key, for the jump host. NotFound for none, a revoked or an expired one.

    `used` notes that somebody has entered with it just now.
    """

    service = Service.AGENTS
    callers = frozenset({Service.TERMINAL})

    public_key: Annotated[str, Field(max_length=16_384)]
    used: bool = False


class SshConfigView(Reply):
    """What a person puts into their ssh configuration to enter a project's machine. Nothing in it is secret."""

    project_id: ProjectId
    host: str  # the name after `ssh`
    config: str  # Host blocks with ProxyJump
    known_hosts: str  # the real keys of jump host and machine, a line each


class GetSshConfig(Command[SshConfigView]):
    """`identity_file` is the path of the private key on the person's computer, written into the configuration."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    identity_file: Annotated[str, Field(max_length=512)] = "~/.ssh/aether"


# The catalog


class CatalogEntry(Reply):
    """An agent that can be started. `vendors`: whose key it needs, any one of them; empty if none."""

    name: AgentName
    title: str
    summary: str
    homepage: str
    vendors: list[str]
    key_names: list[str]
    takes_prompt: bool
    takes_command: bool
    resumes: bool
    seen_version: str  # with which it was tried; empty if it was not


class CatalogList(Reply):
    items: list[CatalogEntry]


class ListCatalog(Command[CatalogList]):
    """Every agent there is an entry for."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})


# Runs


class QuestionOption(Reply):
    """An answer that is one press away. `id` names it in MessageRun.option."""

    id: str
    label: str


class QuestionView(Reply):
    """What a run wants of its person. Its id is of this question alone: an answer names it, and is taken once.

    permission: the agent asks whether it may do something; question: it asks something; message: it has ended its
    turn and these are its last words, which may hold a question. `text` is data from the machine.
    """

    id: QuestionId
    kind: Literal["permission", "question", "message"]
    text: str
    options: list[QuestionOption] = []
    asked_at: AwareDatetime


class RunView(Reply):
    """One agent at work. `version` grows with each change; an older one is ignored.

    `doing`, `last_message` and the question's text are data from the machine. `detail` is a sentence of ours
    ("Limited until 03:00 UTC.", "The key was refused."). `cost_cents` is the machine's time while it worked, at
    list price; the vendor's tokens are counted beside it where they came through the broker.
    """

    id: RunId
    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    agent: str
    agent_title: str
    name: str
    prompt: str
    command: str = ""
    state: RunState
    detail: str = ""
    reason: Literal["", "limited", "key_refused", "exited", "stopped", "machine_stopped", "not_installed"] = ""
    limited_until: AwareDatetime | None = None
    doing: str = ""
    question: QuestionView | None = None
    last_message: str = ""
    since: AwareDatetime
    terminal_id: TerminalId | None = None
    restarts: int = 0
    working_seconds: int = 0
    cost_cents: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    version: int
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class RunList(Reply):
    items: list[RunView]
    next_cursor: str | None = None


class StartRun(Command[RunView]):
    """Set an agent to work. A stopped machine is started for it. Installing the agent, where it is missing, is
    part of starting. `command` is what to run for the agent "command", and refused for others."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    project_id: ProjectId
    agent: AgentName
    prompt: Annotated[str, Field(max_length=65_536)] = ""
    command: Annotated[str, Field(max_length=4096)] = ""
    name: Annotated[str, Field(max_length=80)] = ""
    idempotency_key: str | None = None


class ListRuns(Command[RunList]):
    """Runs of the account, newest first; of one project if named. Without `include_ended` those not ended, and the
    ended ones of the last day that nobody has dismissed."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId | None = None
    include_ended: bool = False
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class GetRun(Command[RunView]):
    """One run of the account. A foreign one is as missing as none."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    run_id: RunId


class MessageRun(Command[RunView]):
    """Type a text into a run, once. With `question_id` it is the answer to that question: refused with 409
    (`answered-already`, `question-gone`) if another answer was taken or the question is no longer open.
    `option` answers with one of the question's options instead of a text. The same idempotency key is typed once.
    A run that has ended is started again with the text, where its agent resumes and the machine runs."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    run_id: RunId
    text: Annotated[str, Field(max_length=65_536)] = ""
    option: Annotated[str | None, Field(max_length=64)] = None
    question_id: QuestionId | None = None
    idempotency_key: Annotated[str | None, Field(max_length=200)] = None


class StopRun(Command[RunView]):
    """End the agent and what it started; its terminal closes, its recording stays. Ended already is a success."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    run_id: RunId


class DismissRun(Command[Done]):
    """Take an ended run off the board. One that has not ended is refused."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    run_id: RunId


class LookAtRun(Command[Done]):
    """A visible, focused page of this person shows this very run. Good for 15 s; for so long its notices are
    marked read and nothing is sent beyond the pages."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    run_id: RunId


class RunChanged(Event):
    """A run was started, or something that its person can see has changed. Carries the whole run.

    What only counts up (tokens, seconds) is told at most every 10 s.
    """

    subject = "run.changed.v1"
    producer = Service.AGENTS
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    run_id: RunId
    run: RunView


# Attention


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


class TokenRevoked(Event):
    """An agent token opens nothing any more: what was opened with it must close within 5 s."""

    subject = "token.revoked.v1"
    producer = Service.AGENTS
    consumers = frozenset({Service.TERMINAL})

    account_id: AccountId
    project_id: ProjectId
    token_id: AgentTokenId
