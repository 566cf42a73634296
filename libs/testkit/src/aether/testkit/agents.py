"""The agents service beside the gateway, in memory: it keeps what it is told and answers as agents does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aether.contracts import agents as a
from aether.contracts.command import Done
from aether.contracts.ids import (
    AccountId,
    AgentTokenId,
    PersonId,
    ProjectId,
    PushId,
    RunId,
    WebhookId,
    new_id,
)
from aether.contracts.problem import Invalid, NotFound, Refusal
from aether.testkit.neighbours import Machines

VENDORS = {"ANTHROPIC_API_KEY": "anthropic", "OPENAI_API_KEY": "openai"}
CATALOG = a.CatalogEntry(
    name="claude-code",
    title="Claude Code",
    summary="Anthropic's coding agent",
    homepage="https://example.com/claude-code",
    vendors=["anthropic"],
    key_names=["ANTHROPIC_API_KEY"],
    takes_prompt=True,
    takes_command=False,
    resumes=True,
    seen_version="2.1",
)
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE"


class AnsweredAlready(Refusal):
    status = 409
    type = "answered-already"
    title = "Somebody has answered that already"


@dataclass
class Agents:
    """Keys, tokens, runs and notices of everybody. `asked` are the commands that were answered, in order."""

    machines: Machines
    keys: dict[tuple[AccountId, str], a.KeyView] = field(default_factory=dict)
    tokens: dict[AgentTokenId, a.AgentTokenView] = field(default_factory=dict)
    runs: dict[RunId, a.RunView] = field(default_factory=dict)
    started: dict[tuple[AccountId, str], RunId] = field(default_factory=dict)
    notices: dict[UUID, a.NoticeView] = field(default_factory=dict)
    settings: dict[PersonId, a.AttentionSettings] = field(default_factory=dict)
    pushes: dict[tuple[PersonId, str], a.PushView] = field(default_factory=dict)
    webhooks: dict[WebhookId, a.WebhookView] = field(default_factory=dict)
    deliveries: dict[WebhookId, list[a.DeliveryView]] = field(default_factory=dict)
    dismissed: set[RunId] = field(default_factory=set)
    looked: list[a.LookAtRun] = field(default_factory=list)
    messages: list[a.MessageRun] = field(default_factory=list)
    values: dict[tuple[AccountId, str], str] = field(default_factory=dict, repr=False)

    def handlers(self) -> Mapping[Any, Any]:
        return {
            a.ListKeys: self.list_keys,
            a.PutKey: self.put_key,
            a.DeleteKey: self.delete_key,
            a.ListAgentTokens: self.list_tokens,
            a.CreateAgentToken: self.create_token,
            a.RevokeAgentToken: self.revoke_token,
            a.FindAgentToken: self.find_token,
            a.GetSshConfig: self.ssh_config,
            a.ListCatalog: self.catalog,
            a.StartRun: self.start_run,
            a.ListRuns: self.list_runs,
            a.GetRun: self.get_run,
            a.MessageRun: self.message_run,
            a.StopRun: self.stop_run,
            a.DismissRun: self.dismiss_run,
            a.LookAtRun: self.look_at_run,
            a.ListNotices: self.list_notices,
            a.ReadNotices: self.read_notices,
            a.GetAttentionSettings: self.get_settings,
            a.UpdateAttentionSettings: self.update_settings,
            a.AddPush: self.add_push,
            a.RemovePush: self.remove_push,
            a.ListWebhooks: self.list_webhooks,
            a.CreateWebhook: self.create_webhook,
            a.DeleteWebhook: self.delete_webhook,
            a.ListDeliveries: self.list_deliveries,
        }

    # Keys

    async def list_keys(self, command: a.ListKeys, _: Any) -> a.KeyList:
        mine = [view for (account_id, _), view in self.keys.items() if account_id == command.account_id]
        return a.KeyList(items=sorted(mine, key=lambda view: view.name))

    async def put_key(self, command: a.PutKey, _: Any) -> a.KeyView:
        place, now = (command.account_id, command.name), datetime.now(UTC)
        vendor, known = VENDORS.get(command.name, ""), self.keys.get(place)
        if command.value is None and known is None:
            raise Invalid.field("value", "This is needed.")
        if command.mode == "brokered" and not vendor:
            raise Invalid.field("mode", "Nobody knows whose key this is.")
        view = known or a.KeyView(
            name=command.name,
            account_id=command.account_id,
            vendor=vendor,
            mode="brokered" if vendor else "injected",
            last4="",
            version=0,
            created_at=now,
            updated_at=now,
        )
        changes: dict[str, Any] = {"version": view.version + 1, "updated_at": now}
        if command.value is not None:
            self.values[place] = command.value
            changes["last4"] = command.value[-4:]
        changes |= {"mode": command.mode} if command.mode else {}
        if command.projects is not None or command.every_project:
            changes["projects"] = command.projects
        self.keys[place] = view.model_copy(update=changes)
        return self.keys[place]

    async def delete_key(self, command: a.DeleteKey, _: Any) -> Done:
        self.keys.pop((command.account_id, command.name), None)
        self.values.pop((command.account_id, command.name), None)
        return Done()

    # Agent tokens

    async def list_tokens(self, command: a.ListAgentTokens, _: Any) -> a.AgentTokenList:
        return a.AgentTokenList(items=[t for t in self.tokens.values() if t.project_id == command.project_id])

    async def create_token(self, command: a.CreateAgentToken, _: Any) -> a.CreatedAgentToken:
        self.machines.find(command.account_id, command.project_id)
        made = a.AgentTokenView(
            id=AgentTokenId(new_id()),
            account_id=command.account_id,
            project_id=command.project_id,
            name=command.name,
            public_key=command.public_key or PUBLIC_KEY,
            fingerprint="SHA256:example",
            created_at=datetime.now(UTC),
            expires_at=command.expires_at,
        )
        self.tokens[made.id] = made
        return a.CreatedAgentToken(token=made, private_key=None if command.public_key else "A PRIVATE KEY\n")

    async def revoke_token(self, command: a.RevokeAgentToken, _: Any) -> Done:
        """As agents does: one that is not there is revoked already, a foreign one is not there."""
        known = self.tokens.get(command.token_id)
        if known is not None and known.account_id == command.account_id:
            del self.tokens[known.id]
        return Done()

    async def find_token(self, command: a.FindAgentToken, _: Any) -> a.AgentTokenView:
        for token in self.tokens.values():
            if token.public_key.split()[:2] == command.public_key.split()[:2]:
                return token
        raise NotFound

    async def ssh_config(self, command: a.GetSshConfig, _: Any) -> a.SshConfigView:
        slug = self.machines.find(command.account_id, command.project_id).slug
        config = f"Host {slug}.aether\n  IdentityFile {command.identity_file}\n"
        return a.SshConfigView(
            project_id=command.project_id,
            host=f"{slug}.aether",
            config=config,
            known_hosts=f"aether {PUBLIC_KEY}\n",
        )

    # Runs

    async def catalog(self, _command: a.ListCatalog, _: Any) -> a.CatalogList:
        return a.CatalogList(items=[CATALOG])

    async def start_run(self, command: a.StartRun, _: Any) -> a.RunView:
        self.machines.find(command.account_id, command.project_id)
        if command.agent != CATALOG.name:
            raise Invalid.field("agent", "There is no such agent.")
        known = self.started.get((command.account_id, command.idempotency_key or ""))
        if command.idempotency_key and known:
            return self.runs[known]
        run = self.add_run(command.account_id, command.person_id, command.project_id, prompt=command.prompt)
        self.started[command.account_id, command.idempotency_key or str(run.id)] = run.id
        return run

    def add_run(
        self, account_id: AccountId, person_id: PersonId, project_id: ProjectId, **changes: Any
    ) -> a.RunView:
        """A run as a test wants it."""
        now = datetime.now(UTC)
        run = a.RunView(
            id=RunId(new_id()),
            account_id=account_id,
            project_id=project_id,
            person_id=person_id,
            agent=CATALOG.name,
            agent_title=CATALOG.title,
            name="A run",
            prompt="",
            state="starting",
            since=now,
            version=1,
            created_at=now,
        )
        return self.change(run, **changes)

    def change(self, run: a.RunView, **changes: Any) -> a.RunView:
        """The run's next version, kept."""
        self.runs[run.id] = run.model_copy(update={**changes, "version": run.version + 1})
        return self.runs[run.id]

    def find(self, command: Any) -> a.RunView:
        found = self.runs.get(command.run_id)
        if found is None or found.account_id != command.account_id:
            raise NotFound
        return found

    async def list_runs(self, command: a.ListRuns, _: Any) -> a.RunList:
        mine = [run for run in self.runs.values() if run.account_id == command.account_id]
        if command.project_id is not None:
            mine = [run for run in mine if run.project_id == command.project_id]
        if not command.include_ended:
            mine = [run for run in mine if run.id not in self.dismissed]
        mine = sorted(mine, key=lambda run: run.id, reverse=True)
        mine = [run for run in mine if command.cursor is None or str(run.id) < command.cursor]
        items = mine[: command.limit]
        return a.RunList(items=items, next_cursor=str(items[-1].id) if len(mine) > len(items) else None)

    async def get_run(self, command: a.GetRun, _: Any) -> a.RunView:
        return self.find(command)

    async def message_run(self, command: a.MessageRun, _: Any) -> a.RunView:
        run = self.find(command)
        if command.question_id is not None and (run.question is None or run.question.id != command.question_id):
            raise AnsweredAlready
        self.messages.append(command)
        return self.change(run, state="working", question=None)

    async def stop_run(self, command: a.StopRun, _: Any) -> a.RunView:
        run = self.find(command)
        return (
            run if run.ended_at else self.change(run, state="done", reason="stopped", ended_at=datetime.now(UTC))
        )

    async def dismiss_run(self, command: a.DismissRun, _: Any) -> Done:
        self.dismissed.add(self.find(command).id)
        return Done()

    async def look_at_run(self, command: a.LookAtRun, _: Any) -> Done:
        self.find(command)
        self.looked.append(command)
        return Done()

    # Attention

    def _notices(self, account_id: AccountId) -> a.NoticeList:
        mine = [notice for notice in self.notices.values() if notice.account_id == account_id]
        unread = sum(notice.read_at is None for notice in mine)
        return a.NoticeList(items=sorted(mine, key=lambda n: n.id, reverse=True), unread=unread)

    async def list_notices(self, command: a.ListNotices, _: Any) -> a.NoticeList:
        return self._notices(command.account_id)

    async def read_notices(self, command: a.ReadNotices, _: Any) -> a.NoticeList:
        for notice in self._notices(command.account_id).items:
            if command.notice_ids is None or notice.id in command.notice_ids:
                self.notices[notice.id] = notice.model_copy(update={"read_at": datetime.now(UTC)})
        return self._notices(command.account_id)

    async def get_settings(self, command: a.GetAttentionSettings, _: Any) -> a.AttentionSettings:
        return self.settings.get(command.person_id) or a.AttentionSettings(person_id=command.person_id)

    async def update_settings(self, command: a.UpdateAttentionSettings, _: Any) -> a.AttentionSettings:
        known = self.settings.get(command.person_id) or a.AttentionSettings(person_id=command.person_id)
        changes = command.model_dump(exclude={"account_id", "person_id"}, exclude_none=True)
        quiet = {name: value or None for name, value in changes.items() if name.startswith("quiet_")}
        self.settings[command.person_id] = known.model_copy(update={**changes, **quiet})
        return self.settings[command.person_id]

    async def add_push(self, command: a.AddPush, _: Any) -> a.PushView:
        view = a.PushView(
            id=PushId(new_id()), person_id=command.person_id, label=command.label, created_at=datetime.now(UTC)
        )
        self.pushes[command.person_id, command.endpoint] = view
        return view

    async def remove_push(self, command: a.RemovePush, _: Any) -> Done:
        self.pushes.pop((command.person_id, command.endpoint), None)
        return Done()

    async def list_webhooks(self, command: a.ListWebhooks, _: Any) -> a.WebhookList:
        return a.WebhookList(items=[w for w in self.webhooks.values() if w.account_id == command.account_id])

    async def create_webhook(self, command: a.CreateWebhook, _: Any) -> a.CreatedWebhook:
        made = a.WebhookView(
            id=WebhookId(new_id()),
            account_id=command.account_id,
            url=command.url,
            kinds=command.kinds,
            created_at=datetime.now(UTC),
        )
        self.webhooks[made.id] = made
        return a.CreatedWebhook(webhook=made, secret="whsec_example")  # noqa: S106 - signs nothing

    async def delete_webhook(self, command: a.DeleteWebhook, _: Any) -> Done:
        known = self.webhooks.get(command.webhook_id)
        if known is not None and known.account_id == command.account_id:
            del self.webhooks[known.id]
        return Done()

    async def list_deliveries(self, command: a.ListDeliveries, _: Any) -> a.DeliveryList:
        known = self.webhooks.get(command.webhook_id)
        if known is None or known.account_id != command.account_id:
            raise NotFound
        return a.DeliveryList(items=self.deliveries.get(known.id, []))
