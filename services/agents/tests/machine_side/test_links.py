"""The connection to a machine: what it brings, what answers on it, and that it comes back by itself."""

from aether.contracts.machines import PlaceHold

from .conftest import Box, Service


async def test_a_machine_is_answered_on_its_own_socket(box: Box, service: Service) -> None:
    await service.begin(box)
    answer = await box.ask("PUT", "/v1/holds/build", json={"expires_in": 60})
    assert answer.status_code == 204, answer.text
    (hold,) = service.bus.asked
    assert isinstance(hold, PlaceHold)
    assert (hold.account_id, hold.project_id, hold.name) == (box.account, box.project, "build")
