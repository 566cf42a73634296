"""A person at a terminal: what they type arrives, what the machine writes is seen."""

from .conftest import Box


async def test_what_a_person_types_is_run_and_its_output_is_seen(box: Box) -> None:
    terminal = await box.open(cols=100, rows=30)
    viewer = await box.view(terminal)
    await viewer.type("echo sum-$((40+2))\r")
    await viewer.sees("sum-42")
    await viewer.close()
