"""From an order to an agent at work, and what is said of it."""

from aether.contracts.agents import RunChanged

from .conftest import Box


async def test_a_run_is_a_terminal_with_its_agent_and_its_hooks_move_it(box: Box) -> None:
    project = await box.project()
    run = await box.start(project, prompt="Mend the roof.")
    assert (run.state, run.name, run.agent_title) == ("starting", "Mend the roof.", "Talker")
    working = await box.hook(run, "working", doing="Looks for a ladder")
    assert (working.state, working.doing) == ("working", "Looks for a ladder")
    states = [said.run.state for said in await box.said(RunChanged)]
    assert states[0] == "starting"
    assert states[-1] == "working"
