"""What a person types, against a real gateway."""

import asyncio
import json
import os
import stat
from typing import Any

from websockets.asyncio.server import ServerConnection

from aether.cli.remote.api import complete_project
from aether.testkit.gateway import PASSWORD


async def test_who_signs_in_with_a_password_leaves_a_token_only_they_can_read(ann: Any) -> None:
    assert (await ann.run("whoami")).returncode == 3
    await ann.login()
    token = ann.folder / "aether" / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert token.read_text().startswith("aet_")
    assert PASSWORD not in "".join(p.read_text() for p in (ann.folder / "aether").iterdir())
    done = await ann.run("whoami")
    assert done.stdout.decode() == f"ann@example.com at {ann.stand.url}\n"
    told = json.loads((await ann.run("whoami", "--json")).stdout)
    assert told["email"] == "ann@example.com"


async def test_a_wrong_password_is_one_sentence(ann: Any) -> None:
    done = await ann.run("login", "--url", ann.stand.url, "--email", ann.email, given=b"not her password\n")
    assert done.returncode == 3
    assert done.stderr.decode() == "aether: That e-mail and password do not belong together.\n"
    assert done.stdout == b""


async def test_a_token_comes_by_standard_input_and_ends_with_logout(signed_in: Any) -> None:
    secret = (signed_in.folder / "aether" / "token").read_text()
    (signed_in.folder / "aether" / "token").unlink()
    done = await signed_in.run("login", "--url", signed_in.stand.url, "--token-stdin", given=secret.encode())
    assert done.returncode == 0, done.stderr
    assert (await signed_in.run("logout")).returncode == 0
    assert not (signed_in.folder / "aether" / "token").exists()
    signed_in.environ["AETHER_TOKEN"] = secret.strip()
    done = await signed_in.run("whoami")
    assert (done.returncode, done.stderr) == (3, b"aether: You are not signed in. Run: aether login\n")


async def test_an_aether_that_is_not_there_is_one_sentence(ann: Any) -> None:
    done = await ann.run("login", "--url", "http://127.0.0.1:1", "--email", "a@b.c", given=b"x\n")
    assert done.returncode == 5
    assert done.stderr.startswith(b"aether: aether does not answer")
    assert done.stderr.count(b"\n") == 1


async def test_a_project_is_made_listed_started_stopped_and_removed(signed_in: Any) -> None:
    made = json.loads((await signed_in.run("projects", "create", "Demo", "--json")).stdout)
    listed = json.loads((await signed_in.run("projects", "ls", "--json")).stdout)
    assert [p["id"] for p in listed] == [made["id"]]
    assert b"Demo" in (await signed_in.run("projects", "ls")).stdout
    for called in ("Demo", "demo", made["id"], made["id"][:13]):
        done = await signed_in.run("projects", "start", called)
        assert (done.returncode, done.stdout) == (0, b"Demo is running.\n"), done.stderr
    assert json.loads((await signed_in.run("projects", "stop", "demo", "--json")).stdout)["status"] == "stopped"
    refused = await signed_in.run("projects", "rm", "demo")
    assert (refused.returncode, refused.stderr) == (1, b"aether: Demo was not deleted. Confirm with --yes.\n")
    assert (await signed_in.run("projects", "rm", "demo", "--yes")).returncode == 0
    assert json.loads((await signed_in.run("projects", "ls", "--json")).stdout) == []


async def test_a_project_there_is_not_and_one_there_is_twice(signed_in: Any) -> None:
    done = await signed_in.run("projects", "start", "nothing")
    assert (done.returncode, done.stderr) == (
        4,
        b"aether: There is no project called nothing. See: aether projects ls\n",
    )
    for _ in range(2):
        await signed_in.run("projects", "create", "Twin boats")
    done = await signed_in.run("projects", "start", "Twin boats")
    assert done.returncode == 1
    assert b"say which by its id" in done.stderr


async def test_names_are_completed(signed_in: Any) -> None:
    await signed_in.run("projects", "create", "demo-one")
    await signed_in.run("projects", "create", "other")
    before = dict(os.environ)
    os.environ |= {"XDG_CONFIG_HOME": str(signed_in.folder)}
    try:
        assert await asyncio.to_thread(complete_project, "de") == ["demo-one"]
        os.environ["AETHER_URL"] = "http://127.0.0.1:1"
        assert await asyncio.to_thread(complete_project, "de") == []
    finally:
        os.environ.clear()
        os.environ |= before


async def run_backwards(connection: ServerConnection) -> None:
    """A command that says its input backwards on stdout, its name on stderr, and ends with 7."""
    order = json.loads(await connection.recv())
    data = b""
    async for message in connection:
        if isinstance(message, bytes):
            data += message
        elif json.loads(message)["type"] == "eof":
            break
    await connection.send(b"\x01" + data[::-1])
    await connection.send(b"\x02" + " ".join(order["argv"]).encode())
    await connection.send(json.dumps({"type": "exit", "code": 7}))


async def test_exec_keeps_streams_apart_and_ends_with_the_commands_code(signed_in: Any) -> None:
    await signed_in.run("projects", "create", "demo")
    signed_in.stand.streams.behave = run_backwards
    done = await signed_in.run("exec", "demo", "--", "rev", "--all", given=b"abc")
    assert (done.returncode, done.stdout) == (7, b"cba")
    assert done.stderr.endswith("Starting demo …\nrev --all".encode())
    big = os.urandom(3 * 1024 * 1024)
    done = await signed_in.run("exec", "demo", "rev", given=big)
    assert (done.returncode, done.stdout, done.stderr) == (7, big[::-1], b"rev")
    done = await signed_in.run("exec", "--json", "demo", "--", "rev", given=b"abc")
    assert json.loads(done.stdout) == {"exit_code": 7, "stdout": "cba", "stderr": "rev"}
    assert done.returncode == 7


async def test_exec_tells_of_a_refusal_and_of_a_lost_connection(signed_in: Any) -> None:
    await signed_in.run("projects", "create", "demo", "--start")

    async def refuse(connection: ServerConnection) -> None:
        problem = {"type": "no-such-folder", "title": "There is no such folder", "status": 422, "detail": "/nope"}
        await connection.send(json.dumps({"type": "problem", "problem": problem}))
        await connection.close(1000)

    signed_in.stand.streams.behave = refuse
    done = await signed_in.run("exec", "--cwd", "/nope", "demo", "true")
    assert (done.returncode, done.stderr) == (1, b"aether: There is no such folder. /nope.\n")

    async def vanish(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    signed_in.stand.streams.behave = vanish
    done = await signed_in.run("exec", "demo", "true")
    assert done.returncode == 5
    assert b"connection" in done.stderr


async def test_shell_needs_a_terminal_and_exec_a_command(signed_in: Any) -> None:
    await signed_in.run("projects", "create", "demo")
    done = await signed_in.run("shell", "demo")
    assert done.returncode == 2
    assert b"aether exec" in done.stderr
    assert (await signed_in.run("exec", "demo", "--")).returncode == 2
