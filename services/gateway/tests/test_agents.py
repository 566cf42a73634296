"""What the API asks of agents: keys, tokens, runs and what calls for a person; and what is told of them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2

from aether.contracts import agents as a
from aether.contracts.ids import AccountId, NoticeId, PersonId, ProjectId, QuestionId, RunId, new_id
from aether.testkit.events import listening
from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand


async def whose(client: httpx2.AsyncClient) -> tuple[AccountId, PersonId]:
    me = (await client.get("/api/me")).json()
    return AccountId(UUID(me["account_id"])), PersonId(UUID(me["id"]))


async def run_of(stand: Stand, client: httpx2.AsyncClient, **changes: Any) -> a.RunView:
    """A run of the person's, in a project of its own."""
    project = await stand.project(client)
    return stand.agents.add_run(*await whose(client), ProjectId(UUID(project["id"])), **changes)


def asking(text: str = "May I?") -> a.QuestionView:
    now = datetime.now(UTC)
    options = [a.QuestionOption(id="yes", label="Yes")]
    return a.QuestionView(id=QuestionId(new_id()), kind="permission", text=text, options=options, asked_at=now)


async def audited(stand: Stand) -> list[str]:
    await stand.gateway.finish()
    async with stand.gateway.database.reading() as reader:
        return [row["what"] for row in await reader.fetch("SELECT what FROM gateway.audit ORDER BY id")]


async def test_a_key_is_written_and_never_read_back(stand: Stand) -> None:
    client = await stand.person()
    project = await stand.project(client)
    value = "sk-canary-4711"
    answer = await client.put("/api/keys/ANTHROPIC_API_KEY", json={"value": value})
    assert (answer.status_code, answer.json()["last4"], answer.json()["mode"]) == (200, "4711", "brokered")
    body = {"projects": [project["id"]]}
    assert (await client.put("/api/keys/ANTHROPIC_API_KEY", json=body)).json()["projects"] == [project["id"]]
    assert (await client.put("/api/keys/ANTHROPIC_API_KEY", json={"mode": "injected"})).json()["projects"]
    every = await client.put("/api/keys/ANTHROPIC_API_KEY", json={"projects": None})
    assert every.json()["projects"] is None
    listed = await client.get("/api/keys")
    assert [key["version"] for key in listed.json()["items"]] == [4]
    assert "account_id" not in listed.json()["items"][0]
    assert value not in listed.text + answer.text + every.text
    assert list(stand.agents.values.values()) == [value]
    assert (await client.delete("/api/keys/ANTHROPIC_API_KEY")).status_code == 204
    assert (await client.get("/api/keys")).json()["items"] == []
    assert (await audited(stand)).count("key.kept") == 4


async def test_a_key_must_have_a_name_that_an_environment_takes(stand: Stand) -> None:
    client = await stand.person()
    for name in ("1A", "A-B", "A B", "x" * 65, "LD%00"):
        assert (await client.put(f"/api/keys/{name}", json={"value": "x"})).status_code == 404, name
    answer = await client.put("/api/keys/OTHER", json={"value": ""})
    assert answer.json()["errors"][0]["field"] == "value"


async def test_an_agent_token_shows_its_private_key_once(stand: Stand) -> None:
    client = await stand.person()
    project = await stand.project(client)
    path = f"/api/projects/{project['id']}/agents"
    made = await client.post(path, json={"name": "laptop"})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert made.json()["private_key"] == "A PRIVATE KEY\n"
    given = await client.post(path, json={"name": "own", "public_key": "ssh-ed25519 AAAA"})
    assert given.json()["private_key"] is None
    listed = await client.get(path)
    assert [token["name"] for token in listed.json()["items"]] == ["laptop", "own"]
    assert "A PRIVATE KEY" not in listed.text
    assert "account_id" not in listed.text
    token = made.json()["token"]["id"]
    assert (await client.delete(f"{path}/{token}")).status_code == 204
    assert [t["name"] for t in (await client.get(path)).json()["items"]] == ["own"]
    assert (await audited(stand))[-3:] == ["agent_token.created", "agent_token.created", "agent_token.revoked"]


async def test_the_ssh_configuration_names_the_project_and_the_key_on_ones_own_computer(stand: Stand) -> None:
    client = await stand.person()
    project = await stand.project(client)
    path = f"/api/projects/{project['id']}/ssh-config"
    shown = (await client.get(path, params={"identity_file": "~/.ssh/own"})).json()
    assert shown["host"] == f"{project['slug']}.aether"
    assert "~/.ssh/own" in shown["config"]


async def test_a_run_is_started_once_messaged_stopped_and_dismissed(stand: Stand) -> None:
    client = await stand.person()
    project = await stand.project(client)
    runs = f"/api/projects/{project['id']}/runs"
    assert [entry["name"] for entry in (await client.get("/api/agents/catalog")).json()["items"]] == [
        "claude-code"
    ]
    body, key = {"agent": "claude-code", "prompt": "Mend it"}, {"Idempotency-Key": "k"}
    answers = [await client.post(runs, json=body, headers=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    run = answers[0].json()
    assert (run["prompt"], "account_id" in run) == ("Mend it", False)
    path = f"/api/runs/{run['id']}"
    assert (await client.post(f"{path}/message", json={"text": "Go on"})).json()["state"] == "working"
    assert (await client.post(f"{path}/look")).status_code == 204
    assert (await client.post(f"{path}/stop")).json()["reason"] == "stopped"
    assert (await client.get(path)).json()["state"] == "done"
    assert [r["id"] for r in (await client.get(runs)).json()["items"]] == [run["id"]]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/runs")).json()["items"] == []
    assert len((await client.get("/api/runs", params={"filter": "all"})).json()["items"]) == 1
    assert (await client.post(runs, json={"agent": "nobody"})).json()["errors"][0]["field"] == "agent"
    assert [m.text for m in stand.agents.messages] == ["Go on"]
    assert [look.run_id for look in stand.agents.looked] == [RunId(UUID(run["id"]))]


async def test_an_answer_names_its_question_and_is_taken_once(stand: Stand) -> None:
    client = await stand.person()
    question = asking()
    run = await run_of(stand, client, state="waiting", question=question)
    shown = (await client.get(f"/api/runs/{run.id}")).json()["question"]
    assert (shown["id"], shown["options"]) == (str(question.id), [{"id": "yes", "label": "Yes"}])
    body = {"question_id": str(question.id), "option": "yes"}
    first, second = [await client.post(f"/api/runs/{run.id}/message", json=body) for _ in range(2)]
    assert first.status_code == 200
    assert (second.status_code, second.json()["type"]) == (409, "answered-already")
    assert [(m.option, m.question_id) for m in stand.agents.messages] == [("yes", question.id)]


async def test_runs_come_in_pages(stand: Stand) -> None:
    client = await stand.person()
    made = [str((await run_of(stand, client)).id) for _ in range(5)]
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await client.get("/api/runs", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        found += [run["id"] for run in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == made[::-1]


async def test_screens_are_told_of_a_run_as_a_whole_and_never_of_an_older_one(stand: Stand) -> None:
    client = await stand.person()
    run = await run_of(stand, client)
    waiting = stand.agents.change(run, state="waiting", question=asking("Delete it?"))
    done = stand.agents.change(waiting, state="done", question=None)
    async with listening(client) as stream:
        for view in (run, done, waiting, done):
            await tell(stand, view)
        await tell(stand, stand.agents.change(done, state="working"))
        heard = [await stream.next() for _ in range(3)]
    assert [event.name for event in heard] == ["run.changed"] * 3
    assert [event.data["state"] for event in heard] == ["starting", "done", "working"]
    assert heard[-1].data == (await client.get(f"/api/runs/{run.id}")).json()
    assert "account_id" not in heard[-1].data


async def tell(stand: Stand, run: a.RunView) -> None:
    await stand.say(a.RunChanged(account_id=run.account_id, project_id=run.project_id, run_id=run.id, run=run))


def notice(run: a.RunView, body: str = "May I delete it?\nAll of it?") -> a.NoticeView:
    return a.NoticeView(
        id=NoticeId(new_id()),
        account_id=run.account_id,
        project_id=run.project_id,
        run_id=run.id,
        kind="waiting",
        title="Claude Code in demo waits for you",
        body=body,
        path=f"/projects/{run.project_id}/runs/{run.id}",
        created_at=datetime.now(UTC),
    )


async def raise_notice(stand: Stand, run: a.RunView, *, by_mail: bool, **more: Any) -> a.NoticeRaised:
    found = notice(run, **more)
    event = a.NoticeRaised(
        account_id=run.account_id,
        person_id=run.person_id,
        project_id=run.project_id,
        notice=found,
        unread=1,
        by_mail=by_mail,
    )
    stand.agents.notices[found.id] = found
    await stand.say(event)
    return event


async def test_a_notice_rings_on_the_pages_and_is_written_once_if_wanted(stand: Stand) -> None:
    client = await stand.person("ann@example.com")
    run = await run_of(stand, client)
    async with listening(client) as stream:
        await raise_notice(stand, run, by_mail=False)
        event = await raise_notice(stand, run, by_mail=True)
        await stand.say(event)
        heard = [await stream.next() for _ in range(2)]
    assert [h.name for h in heard] == ["notice.raised"] * 2
    assert heard[1].data["unread"] == 1
    assert heard[1].data["notice"] == json.loads(event.notice.model_dump_json(exclude={"account_id"}))
    await eventually(lambda: len(stand.mailbox.mails) == 1, every=0.01)
    mail = stand.mailbox.mails[0]
    assert (mail.to, mail.subject) == ("ann@example.com", event.notice.title)
    assert "> May I delete it?\n> All of it?" in mail.body
    assert f"{stand.url}{event.notice.path}" in mail.body


async def test_a_notice_for_somebody_who_is_gone_is_no_mail(stand: Stand) -> None:
    client = await stand.person()
    run = await run_of(stand, client)
    gone = run.model_copy(update={"person_id": PersonId(new_id())})
    await raise_notice(stand, gone, by_mail=True)
    async with listening(client, "0") as stream:
        await raise_notice(stand, run, by_mail=True)
        while (await stream.next()).name != "notice.raised":
            pass
    await eventually(lambda: bool(stand.mailbox.mails), every=0.01)
    assert len(stand.mailbox.mails) == 1


async def test_a_terminals_screen_is_read_again_only_when_it_has_changed(stand: Stand) -> None:
    client = await stand.person()
    terminal = await stand.terminal(client)
    path = f"/api/terminals/{terminal['id']}/screen"
    first = await client.get(path, params={"lines": 5})
    assert (first.status_code, first.json()["lines"]) == (200, ["$ "])
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert [grant["right"] for grant in stand.streams.grants] == ["watch", "watch"]
    assert (await (await stand.person()).get(path)).status_code == 404


async def test_notices_are_listed_and_read(stand: Stand) -> None:
    client = await stand.person()
    run = await run_of(stand, client)
    first, second = notice(run), notice(run)
    stand.agents.notices |= {first.id: first, second.id: second}
    listed = (await client.get("/api/notices")).json()
    assert (listed["unread"], {n["id"] for n in listed["items"]}) == (2, {str(first.id), str(second.id)})
    assert "account_id" not in listed["items"][0]
    read = await client.post("/api/notices/read", json={"ids": [str(first.id)]})
    assert read.json()["unread"] == 1
    assert (await client.post("/api/notices/read", json={})).json()["unread"] == 0


async def test_how_one_is_called_is_kept_for_each_person(stand: Stand) -> None:
    client = await stand.person()
    assert (await client.get("/api/me/attention")).json()["quiet_start"] is None
    change = {"quiet_start": "22:00", "quiet_end": "07:00", "time_zone": "Europe/Berlin", "kinds": ["waiting"]}
    assert (await client.patch("/api/me/attention", json=change)).json()["quiet_start"] == "22:00"
    ended = (await client.patch("/api/me/attention", json={"quiet_start": ""})).json()
    assert (ended["quiet_start"], ended["kinds"]) == (None, ["waiting"])
    for wrong in ({"quiet_start": "25:00"}, {"kinds": ["tea"]}, {"quiet_end": "7:00"}):
        assert (await client.patch("/api/me/attention", json=wrong)).status_code == 422
    token = stand.client(Origin="", Authorization=f"Bearer {await stand.token(client)}")
    assert (await token.get("/api/me/attention")).status_code == 403


async def test_a_browser_is_called_until_it_is_taken_off(stand: Stand) -> None:
    client = await stand.person()
    body = {"endpoint": "https://push.example/1", "p256dh": "x", "auth": "y", "label": "Firefox"}
    assert (await client.post("/api/me/push", json=body)).status_code == 201
    assert len(stand.agents.pushes) == 1
    removed = await client.post("/api/me/push/remove", json={"endpoint": body["endpoint"]})
    assert (removed.status_code, stand.agents.pushes) == (204, {})


async def test_a_webhook_shows_its_secret_once(stand: Stand) -> None:
    client = await stand.person()
    made = await client.post("/api/webhooks", json={"url": "https://example.com/hook", "kinds": ["failed"]})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert made.json()["secret"] == "whsec_example"
    webhook = made.json()["webhook"]
    listed = await client.get("/api/webhooks")
    assert listed.json()["items"] == [webhook]
    assert "whsec" not in listed.text + json.dumps(webhook)
    assert (await client.get(f"/api/webhooks/{webhook['id']}/deliveries")).json() == {"items": []}
    assert (await client.delete(f"/api/webhooks/{webhook['id']}")).status_code == 204
    assert (await client.get("/api/webhooks")).json()["items"] == []
    assert (await audited(stand))[-2:] == ["webhook.created", "webhook.deleted"]
