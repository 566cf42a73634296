"""The web app is installed and built when what it is made of changed, and not otherwise."""

from pathlib import Path

import pytest

from aether.cli.supervisor.job import JobFailed
from aether.cli.supervisor.logs import Notice
from aether.cli.supervisor.webapp import NodeMissing, WebApp

NODE = "#!/bin/sh\necho v22.1.0\n"
# Stands in for npm: notes what it was asked, and does what is seen of `ci` and of `run build`.
NPM = """#!/bin/sh
echo "$1" >> "{asked}"
[ "$1" = ci ] && mkdir -p node_modules
[ "$1" = run ] && mkdir -p dist && cp src.ts dist/index.html
exit 0
"""


class Checkout:
    """A web folder, and what npm was asked in it."""

    def __init__(self, folder: Path) -> None:
        self.app = WebApp(folder / "web")
        self.app.folder.mkdir()
        self.write("package-lock.json", "{}")
        self.write("src.ts", "one")
        self.logs = folder
        self._asked = folder / "asked"

    def write(self, name: str, text: str) -> None:
        (self.app.folder / name).write_text(text)

    async def asked(self) -> list[str]:
        """What one build asks of npm."""
        self._asked.write_text("")
        notices: list[Notice] = []
        await self.app.build(self.logs, notices.append)
        return self._asked.read_text().split()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("node", NODE), ("npm", NPM.format(asked=tmp_path / "asked"))):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return Checkout(tmp_path)


async def test_the_first_time_it_is_installed_and_built(checkout: Checkout) -> None:
    assert await checkout.asked() == ["ci", "run"]
    assert checkout.app.built() == checkout.app.folder / "dist"


async def test_the_second_time_nothing_is_done(checkout: Checkout) -> None:
    await checkout.asked()
    assert await checkout.asked() == []


async def test_a_changed_source_is_built_and_nothing_installed(checkout: Checkout) -> None:
    await checkout.asked()
    checkout.write("src.ts", "two")
    assert await checkout.asked() == ["run"]


async def test_a_changed_lock_is_installed_and_built(checkout: Checkout) -> None:
    await checkout.asked()
    checkout.write("package-lock.json", '{"new": true}')
    assert await checkout.asked() == ["ci", "run"]


async def test_a_touched_source_is_not_built(checkout: Checkout) -> None:
    await checkout.asked()
    (checkout.app.folder / "src.ts").touch()
    assert await checkout.asked() == []


async def test_a_build_that_fails_says_why_and_the_older_one_stays(checkout: Checkout, tmp_path: Path) -> None:
    await checkout.asked()
    checkout.write("src.ts", "broken")
    (tmp_path / "programs" / "npm").write_text("#!/bin/sh\necho type error; exit 2\n")
    with pytest.raises(JobFailed, match="ended with code 2:\n    type error"):
        await checkout.asked()
    assert checkout.app.built() is not None


async def test_an_old_node_is_named(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "programs" / "node").write_text("#!/bin/sh\necho v18.2.0\n")
    with pytest.raises(NodeMissing, match=r"Node is 18\.2\.0, and 20\.19 or newer is needed"):
        await checkout.asked()
