"""Orders and questions about runs and the catalog."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from aether.agents.deps.agents import Agents
from aether.agents.deps.launcher import new_secret
from aether.agents.deps.runs import desk
from aether.agents.domain.input import Input
from aether.agents.domain.keys import KEY_OF
from aether.agents.domain.launch import Agent
from aether.agents.domain.report import Option
from aether.agents.domain.run import Run
from aether.agents.domain.text import line
from aether.agents.domain.views import catalog_entry
from aether.agents.errors import (
    AnsweredAlready,
    CannotStart,
    NoSuchRun,
    NotReady,
    QuestionGone,
    RunEnded,
    RunGoesOn,
    TooMany,
)
from aether.agents.store import inputs
from aether.agents.store import runs as store
from aether.contracts.agents import (
    CatalogList,
    DismissRun,
    GetRun,
    ListCatalog,
    ListRuns,
    LookAtRun,
    MessageRun,
    RunList,
    RunView,
    StartRun,
    StopRun,
)
from aether.contracts.command import Command, Done
from aether.contracts.ids import RunId, new_id
from aether.contracts.machines import GetProject, StartMachine
from aether.contracts.problem import Invalid
from aether.kit.bus import Answerer
from aether.kit.postgres import Reader, Writer

SHOWN_AFTER_END = timedelta(days=1)
NAME_LENGTH = 60
ANSWER_SECONDS = 3.5  # below the time that a caller waits for us
# NATS carries 1 MiB in one answer. A single run, with the longest prompt there may be, takes less than half of it.
PAGE_BYTES = 600_000


async def list_catalog(_command: ListCatalog, agents: Agents) -> CatalogList:
    found = desk(agents).catalog.values()
    return CatalogList(
        items=[catalog_entry(agent, [KEY_OF[v] for v in agent.vendors if v in KEY_OF]) for agent in found]
    )


async def start_run(command: StartRun, agents: Agents) -> RunView:
    """The machine is asked for first, and the run is kept when that was granted: then it is started whatever
    happens to us. What can be refused without a machine is refused before one is started and paid for."""
    runs = desk(agents)
    wanted = new_run(command, runs.catalog.get(command.agent), agents)
    project = await agents.bus.request(GetProject(account_id=command.account_id, project_id=command.project_id))
    async with agents.reading() as db:
        before = await _made_before(db, wanted, command, agents)
    if before is not None:
        return runs.ledger.view(before)
    if project.status != "running":
        # Before anything is kept: what is refused here leaves nothing behind.
        await agents.bus.request(StartMachine(account_id=command.account_id, project_id=command.project_id))
        wanted = replace(wanted, detail="Its machine is being started.")
    async with agents.transaction() as db:
        run = await _add(db, wanted, command, agents)
    runs.launcher.soon(run.project_id)
    return runs.ledger.view(run)


def new_run(command: StartRun, agent: Agent | None, agents: Agents) -> Run:
    """As the command wants it. Raises Invalid, with the field."""
    if agent is None:
        raise Invalid.field("agent", "There is no agent of that name.")
    if agent.takes_command != bool(command.command.strip()):
        what = "needs a command to run." if agent.takes_command else "takes no command."
        raise Invalid.field("command", f"{agent.title} {what}")
    if command.prompt and not agent.takes_prompt:
        raise Invalid.field("prompt", f"{agent.title} takes no prompt.")
    now = agents.now()
    return Run(
        id=RunId(new_id()),
        account_id=command.account_id,
        project_id=command.project_id,
        person_id=command.person_id,
        agent=agent.name,
        agent_title=agent.title,
        name=line(command.name or command.prompt or command.command, NAME_LENGTH) or agent.title,
        prompt=command.prompt,
        command=command.command,
        created_at=now,
        since=now,
        attended_at=now,
    )


async def _made_before(db: Reader, wanted: Run, command: StartRun, agents: Agents) -> Run | None:
    """What the same request has made before. Raises TooMany if there is no place for what it has not."""
    if command.idempotency_key:
        before = await store.with_key(db, wanted.project_id, command.idempotency_key)
        if before is not None:
            return before
    await _require_place(db, wanted, agents)
    return None


async def _require_place(db: Reader, wanted: Run, agents: Agents) -> None:
    limit = agents.settings.runs_per_project
    if await store.count(db, wanted.project_id) >= limit:
        raise TooMany(f"A project has at most {limit} agents at a time. Stop one first.")


async def _add(db: Writer, wanted: Run, command: StartRun, agents: Agents) -> Run:
    await store.hold_project(db, wanted.project_id)
    before = await _made_before(db, wanted, command, agents)
    if before is not None:
        return before
    secret_hash, sealed = new_secret(agents.vault, wanted)
    run = replace(wanted, told_at=agents.now())
    await store.add(
        db, run, secret_hash=secret_hash, secret_sealed=sealed, idempotency_key=command.idempotency_key
    )
    desk(agents).ledger.tell(db, run)
    return run


async def list_runs(command: ListRuns, agents: Agents) -> RunList:
    """A page may hold fewer than it was asked for: its cursor alone says whether more follow."""
    ended_after = None if command.include_ended else agents.now() - SHOWN_AFTER_END
    before = _cursor(command.cursor)
    async with agents.reading() as db:
        found = await store.page(
            db,
            command.account_id,
            command.project_id,
            ended_after=ended_after,
            before=before,
            limit=command.limit,
        )
    items = _first_of([desk(agents).ledger.view(run) for run in found])
    more = len(found) == command.limit or len(items) < len(found)
    return RunList(items=items, next_cursor=str(items[-1].id) if more else None)


def _first_of(views: list[RunView]) -> list[RunView]:
    """As many as one answer carries; one at least, which alone always fits."""
    size = 0
    for count, view in enumerate(views):
        size += len(view.model_dump_json().encode())
        if count and size > PAGE_BYTES:
            return views[:count]
    return views


def _cursor(cursor: str | None) -> RunId | None:
    try:
        return RunId(UUID(cursor)) if cursor else None
    except ValueError:
        raise Invalid.field("cursor", "That is not a cursor this list has given.") from None


async def get_run(command: GetRun, agents: Agents) -> RunView:
    return desk(agents).ledger.view(await _run(agents, command))


async def _run(agents: Agents, command: GetRun | MessageRun | StopRun | DismissRun | LookAtRun) -> Run:
    async with agents.reading() as db:
        return await store.get(db, command.account_id, command.run_id)


async def message_run(command: MessageRun, agents: Agents) -> RunView:
    """Claimed in one transaction, and then typed. One that has ended is started again with it."""
    runs = desk(agents)
    async with runs.ledger.changing(command.run_id) as db:
        run = await store.locked(db, command.run_id)
        if run is None or run.account_id != command.account_id:
            raise NoSuchRun
        again = await _said_before(db, command)
        ended = run.ended_at is not None and not again
        claimed = None if again or ended else await _claim(db, command, run, agents)
    if ended:
        return await _wake(command, run, agents)
    if claimed is not None:
        await runs.typist.type_soon(claimed, within=ANSWER_SECONDS)
    return runs.ledger.view(await _run(agents, command))


async def _said_before(db: Reader, command: MessageRun) -> bool:
    """Whether the same request has had its effect."""
    key = command.idempotency_key
    return key is not None and await inputs.with_key(db, command.run_id, key) is not None


async def _claim(db: Writer, command: MessageRun, run: Run, agents: Agents) -> Input:
    """What is to be typed, kept."""
    await _require_open(db, command, run)
    _require_ready(run)
    now, (text, keys) = agents.now(), _typed(command, run)
    wanted = Input(
        id=new_id(),
        run_id=run.id,
        text=text,
        keys=keys,
        created_at=now,
        next_at=now,
        question_id=run.question.id if run.question is not None else None,
        question=run.question,
        terminal_id=run.terminal_id,
    )
    await inputs.add(db, wanted, command.idempotency_key)
    await desk(agents).ledger.keep(db, run, run.answered(now, ends_turn=wanted.ends_turn))
    return wanted


def _require_ready(run: Run) -> None:
    if not run.is_there:
        raise RunEnded(run.detail or "The agent is not there now. It takes answers once it has been started.")
    if not run.launched:
        # What installs it, or its shell, would read the words.
        raise NotReady(f"{run.agent_title} is not ready yet. Try again in a moment.")


async def _require_open(db: Writer, command: MessageRun, run: Run) -> None:
    if command.question_id is None or (run.question is not None and run.question.id == command.question_id):
        return
    if await inputs.is_answered(db, run.id, command.question_id):
        raise AnsweredAlready
    raise QuestionGone


def _typed(command: MessageRun, run: Run) -> tuple[str, str]:
    """Text, and keys as a keyboard sends them: those of an option, or those that make way for the text.

    Raises Invalid unless exactly one of text and option is given.
    """
    if bool(command.text) == (command.option is not None):
        raise Invalid.field("text", "Give a text, or choose one of the options.")
    if command.option is None:
        return command.text, run.question.before if run.question is not None else ""
    options = run.question.options if run.question is not None else ()
    chosen: Option | None = next((option for option in options if option.id == command.option), None)
    if chosen is None:
        raise Invalid.field("option", "The question has no such option.")
    return (chosen.text, "") if chosen.text else ("", chosen.keys)


async def _wake(command: MessageRun, run: Run, agents: Agents) -> RunView:
    """A run that has ended goes on with a message, where its agent can take up its conversation again."""
    runs = desk(agents)
    if command.question_id is not None:
        async with agents.reading() as db:
            answered = await inputs.is_answered(db, run.id, command.question_id)
        raise AnsweredAlready if answered else QuestionGone
    if not command.text or not runs.launcher.resumes(run) or not run.starts:
        raise RunEnded
    if (await runs.launcher.project(run)).status != "running":
        raise CannotStart("The project's machine does not run.")
    async with runs.ledger.changing(run.id) as db:
        woken = await _woken(db, command, run, agents)
    runs.launcher.soon(run.project_id)
    return runs.ledger.view(woken)


async def _woken(db: Writer, command: MessageRun, run: Run, agents: Agents) -> Run:
    """Counted as one that is started. Of two messages at once one wakes it, and the other is refused."""
    await store.hold_project(db, run.project_id)
    before = await store.locked(db, run.id)
    if before is None:
        raise NoSuchRun
    if await _said_before(db, command):
        return before
    if before.ended_at is None:
        raise RunEnded("It is being started again with another message. Send yours once it is there.")
    await _require_place(db, before, agents)
    now = agents.now()
    # Its text goes with the start, so there is nothing to type; kept, so that the same request is known again.
    said = Input(new_id(), run.id, "", "", created_at=now, next_at=now, state="typed")
    await inputs.add(db, said, command.idempotency_key)
    return await desk(agents).ledger.keep(db, before, before.woken(command.text, now))


async def stop_run(command: StopRun, agents: Agents) -> RunView:
    runs = desk(agents)
    run = await _run(agents, command)
    stopped = await runs.ledger.change(run.id, lambda r, now: r.stop_wanted(now) if r.ended_at is None else r)
    if stopped is not None and stopped.ended_at is None:
        await runs.launcher.close_terminal(stopped)
    return runs.ledger.view(await _run(agents, command))


async def dismiss_run(command: DismissRun, agents: Agents) -> Done:
    run = await _run(agents, command)
    if run.ended_at is None:
        raise RunGoesOn
    await desk(agents).ledger.change(run.id, lambda r, now: replace(r, dismissed_at=r.dismissed_at or now))
    return Done()


async def look_at_run(command: LookAtRun, agents: Agents) -> Done:
    run = await _run(agents, command)
    async with agents.transaction() as db:
        await agents.attention.look(db, command.account_id, command.person_id, run.id)
    return Done()


COMMANDS: dict[type[Command[Any]], Answerer] = {
    ListCatalog: list_catalog,
    StartRun: start_run,
    ListRuns: list_runs,
    GetRun: get_run,
    MessageRun: message_run,
    StopRun: stop_run,
    DismissRun: dismiss_run,
    LookAtRun: look_at_run,
}
