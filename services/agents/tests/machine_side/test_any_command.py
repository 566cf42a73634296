"""Any command, in a real machine: it finds the way to the vendors by itself."""

from aether.agents.domain import start
from aether.agents.domain.catalog import CATALOG
from aether.agents.domain.launch import Launch
from aether.kit.postgres import Database

from .conftest import CANARY, Box, Service, in_machine
from .vendor import Vendor

ASK = 'curl -sSf -H "x-api-key: $ANTHROPIC_API_KEY" -d \'{}\' "$ANTHROPIC_BASE_URL/v1/messages"'


async def test_any_command_finds_its_vendors_in_its_environment(box: Box, database: Database) -> None:
    async with Vendor().serving() as vendor:
        service = Service(database, {"anthropic": f"{vendor.url}/anthropic"})
        service.keys.brokered = {"anthropic": CANARY, "openai": CANARY}
        service.start()
        link = await service.begin(box)
        agent, (run_id, secret) = CATALOG["command"], box.secret_for(service)
        launch = Launch(
            run_id=str(run_id),
            prompt="",
            command=f"{ASK} && env",
            home=link.home,
            workspace=link.workspace,
            place=link.place,
            program=link.program,
            secret=secret,
            brokers={name: f"{link.broker}/v1/llm/{name}" for name in service.keys.brokered},
        )
        said = await in_machine(link, start.script(agent, launch, agent.plan(launch)))
        await service.stop()
    assert [(came.path, came.headers["x-api-key"]) for came in vendor.came] == [("/anthropic/v1/messages", CANARY)]
    assert f"OPENAI_BASE_URL={link.broker}/v1/llm/openai/v1\n" in said.stdout
    assert CANARY not in said.stdout
