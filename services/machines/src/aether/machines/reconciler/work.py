"""One project's open intent, carried out: ask the provider, then write down what came of it."""

import asyncio

import structlog
from opentelemetry.trace import SpanKind

from aether.contracts.ids import OperationId, ProjectId
from aether.contracts.problem import Refusal, Unavailable
from aether.kit import trace
from aether.kit.trace import tracer
from aether.machines.deps import Machines
from aether.machines.domain.parts import Intent
from aether.machines.domain.project import Project
from aether.machines.domain.sizes import SIZES
from aether.machines.provider import MachineStatus, Observed, ProviderRefused, ProviderUnavailable
from aether.machines.store import changes, projects

CALL_SECONDS = 60.0

log = structlog.get_logger()

Fault = tuple[str, bool]  # a sentence for the person, and whether it may pass by itself


async def carry_out(project_id: ProjectId, machines: Machines) -> bool:
    """Take the next step, if one is due. Answers whether there may be another at once."""
    async with machines.reading() as db:
        project = await projects.get(db, project_id)
    intent = project.intent
    if intent is None or not intent.is_due(machines.clock.now()):
        return False
    steps = {"start": _start, "stop": _stop, "destroy": _destroy}
    with trace.continued(f"{intent.kind} machine", intent.headers, SpanKind.INTERNAL) as span:
        span.set_attribute("aether.project_id", str(project_id))
        await steps[intent.kind](project, intent, machines)
    return intent.kind != "destroy"


async def _start(project: Project, intent: Intent, machines: Machines) -> None:
    operation = intent.operation_id
    if project.desired != "running":
        await machines.change(project.id, lambda p, now: p.abandoned(operation, now))
        return
    try:
        seen = await _boot(project, machines)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a provider raises, the person is told and the state is right
        sentence, passing = _told(error, "started")
        log.warning("machine.start_failed", project_id=str(project.id), error=repr(error))
        await machines.change(project.id, lambda p, now: p.start_failed(operation, sentence, now, passing=passing))
        return
    await machines.change(project.id, lambda p, now: p.booted(operation, seen, now))


async def _boot(project: Project, machines: Machines) -> MachineStatus:
    volume = project.volume or await _make_volume(project, machines)
    provider = machines.provider_of(project)
    with tracer.start_as_current_span("provider start"):
        async with asyncio.timeout(CALL_SECONDS):
            seen = await provider.start(machines.spec_of(project, volume))
    if seen.observed is not Observed.RUNNING:
        raise ProviderRefused(seen.reason or "The machine ended as soon as it had started.")
    await machines.door.knock(machines.way_in(project, seen))
    return seen


async def _make_volume(project: Project, machines: Machines) -> str:
    # One volume for a project, so the project's own id names the operation in every try.
    operation = OperationId(project.id)
    with tracer.start_as_current_span("provider create volume"):
        async with asyncio.timeout(CALL_SECONDS):
            provider = machines.provider_of(project)
            volume = await provider.create_volume(project.id, operation, SIZES[project.size])
    await machines.change(project.id, lambda p, _now: p.has_volume(volume))
    return volume


async def _stop(project: Project, intent: Intent, machines: Machines) -> None:
    operation = intent.operation_id
    assert project.machine is not None
    try:
        with tracer.start_as_current_span("provider stop"):
            async with asyncio.timeout(CALL_SECONDS):
                seen = await machines.provider_of(project).stop(project.machine.id)
    except Exception as error:  # noqa: BLE001 - a stop is tried until it is done, whatever the provider raises
        await _postpone(project, operation, error, "stopped", machines)
        return
    await machines.change(project.id, lambda p, now: p.ended(operation, seen.stopped_at, now))


async def _destroy(project: Project, intent: Intent, machines: Machines) -> None:
    operation = intent.operation_id
    try:
        with tracer.start_as_current_span("provider destroy volume"):
            async with asyncio.timeout(CALL_SECONDS):
                await _destroy_volume(project, machines)
    except Exception as error:  # noqa: BLE001 - the same: it is tried until it is done
        await _postpone(project, operation, error, "deleted", machines)
        return
    async with machines.transaction() as db:
        present = await projects.lock(db, project.id)
        if present.destroyed(operation):
            await changes.remove(db, present)


async def _destroy_volume(project: Project, machines: Machines) -> None:
    """A volume whose creation was cut short is found by creating it again: that answers the one there is."""
    provider = machines.provider_of(project)
    volume = project.volume
    if volume is None and project.generation > 0:
        volume = await provider.create_volume(project.id, OperationId(project.id), SIZES[project.size])
    if volume is not None:
        await provider.destroy_volume(volume)


async def _postpone(
    project: Project, operation: OperationId, error: Exception, verb: str, machines: Machines
) -> None:
    sentence, _ = _told(error, verb)
    log.warning("machine.not_yet", wanted=verb, project_id=str(project.id), error=repr(error))
    await machines.change(project.id, lambda p, now: p.postponed(operation, sentence, now))


def _told(error: Exception, verb: str) -> Fault:
    """What the person is told of a fault, and whether to try again."""
    match error:
        case ProviderRefused():
            return str(error) or f"The machine cannot be {verb}.", False
        case ProviderUnavailable() | TimeoutError():
            return "The provider of machines does not answer.", True
        case Refusal():
            return error.detail, True
        case _:
            log.error("provider.failed", exc_info=error)
            return f"The machine could not be {verb}: the provider failed.", True
