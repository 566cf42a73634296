"""Homes, ports, secrets and reach: what the first start makes and the second finds again."""

import json
import os
import socket
from pathlib import Path

import nkeys  # type: ignore[import-untyped]
import pytest

from aether.cli.embedded.home import Home, HomeInUse, HomeNotMade, HomeUnreachable, resolve_home
from aether.cli.embedded.identities import GROUP, dropped, myself
from aether.cli.embedded.nats import NatsServer, NatsUser
from aether.cli.embedded.nkeys import new_seed, public_key
from aether.cli.embedded.ports import PortBook, any_free_port, is_free
from aether.cli.embedded.reach import mirror, reachable
from aether.cli.embedded.secrets import Secrets
from aether.cli.supervisor.composition import Composition, Ports
from aether.contracts.service import Service


@pytest.fixture
def home(server_folder: Path, request: pytest.FixtureRequest) -> Home:
    home = Home(server_folder / request.node.name)
    home.prepare()
    return home


def composed(home: Home, environ: dict[str, str] | None = None) -> Composition:
    return Composition(home, Ports.chosen(PortBook(home.ports), any_free_port()), environ or {})


def test_every_secret_is_for_one_reader_alone(home: Home) -> None:
    composition = composed(home)
    composition.make_secrets()
    files = list(home.secrets.iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    owners = {path.name: path.stat().st_uid for path in files}
    assert owners["gateway.pgpass"] == owners["grant.jwk"] == composition.identity(Service.GATEWAY).uid
    assert owners["terminal.pgpass"] == composition.identity(Service.TERMINAL).uid
    assert owners["master-keyset.json"] == owners["superuser.pgpass"] == myself().uid


def test_a_secret_stays_what_it_was(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    first = secrets.nats_seed("gateway", myself()).read_text()
    assert secrets.nats_seed("gateway", myself()).read_text() == first


def test_a_secret_whose_mode_was_opened_is_closed_again(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    secrets.keyset("machines", myself()).chmod(0o644)
    assert secrets.keyset("machines", myself()).stat().st_mode & 0o777 == 0o600


def test_the_public_grant_key_does_not_hold_the_private_one(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    public = json.loads(secrets.grant_public_key(myself(), signer=myself()).read_text())
    private = json.loads(secrets.grant_key(myself()).read_text())
    assert public == {name: value for name, value in private.items() if name != "d"}
    assert "d" in private


def test_nats_reads_the_seeds_we_make() -> None:
    seed = new_seed()
    assert nkeys.from_seed(bytearray(seed.encode())).public_key.decode() == public_key(seed)


def test_a_service_is_told_its_own_secrets_and_no_others(home: Home) -> None:
    environ = {"STRIPE_KEY": "sk", "SMTP_URL": "smtp://user:pw@host", "AETHER_TOKEN": "aet_x", "PATH": "/bin"}
    programs = composed(home, environ).service_programs()
    told = {program.name: dict(program.environment) for program in programs}
    assert told["gateway"]["SMTP_URL"] == "smtp://user:pw@host"
    assert "SMTP_URL" not in told["terminal"] | told["machines"]
    assert "AETHER_GRANT_KEY_FILE" in told["gateway"]
    assert "AETHER_GRANT_KEY_FILE" not in told["terminal"] | told["machines"]
    assert not any({"STRIPE_KEY", "AETHER_TOKEN"} & set(told[name]) for name in told)


def test_no_secret_stands_in_an_argument_or_an_environment(home: Home) -> None:
    composition = composed(home)
    composition.make_secrets()
    secrets = [path.read_text().strip().rsplit(":", 1)[-1] for path in home.secrets.glob("*.pgpass")]
    secrets += [path.read_text().strip() for path in home.secrets.glob("*.nk")]
    programs = [*composition.service_programs(), composition.postgres_program(composition.postgres())]
    said = [
        *(word for p in programs for word in p.command),
        *(v for p in programs for v in p.environment.values()),
    ]
    said += composition.provision_environment().values()
    assert not [secret for secret in secrets if any(secret in word for word in said)]


def test_a_nats_user_has_its_own_allow_list(tmp_path: Path) -> None:
    user = NatsUser("UKEY", publish=("a.b",), subscribe=())
    server = NatsServer(tmp_path, tmp_path, 4222, myself(), users=[NatsUser("UADMIN"), user])
    admin, service = server.configuration()["authorization"]["users"]
    assert admin == {"nkey": "UADMIN"}
    assert service["permissions"] == {"publish": {"allow": ["a.b"]}, "subscribe": {"deny": [">"]}}


def test_each_service_may_say_on_nats_what_the_contracts_say_and_nothing_else(home: Home) -> None:
    admin, *services = composed(home).nats().configuration()["authorization"]["users"]
    assert "permissions" not in admin
    assert len(services) == len(Service)
    allowed = [user["permissions"]["publish"]["allow"] for user in services]
    assert all(subjects and ">" not in subjects for subjects in allowed)


def test_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert not is_free(taken)
        assert PortBook(tmp_path / "ports.json").choose("gateway", taken) != taken


def test_a_port_taken_on_any_address_or_on_ipv6_is_passed_over() -> None:
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as other:
            other.bind((host, 0))
            other.listen()
            assert not is_free(other.getsockname()[1])


def test_a_port_is_remembered(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json").choose("nats")
    assert PortBook(tmp_path / "ports.json").choose("nats") == first


def test_two_parts_never_get_the_same_port(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    port = any_free_port()
    assert book.choose("one", port) != book.choose("two", port)


def test_a_home_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.lock(), pytest.raises(HomeInUse, match=f"process {os.getpid()}"), home.lock():
        pass
    with home.lock():
        pass


def test_a_home_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeNotMade, match=r"home cannot be used: Not a directory .* AETHER_HOME"):
        Home(tmp_path / "file" / "home").prepare()


def test_home_is_where_the_environment_says() -> None:
    assert resolve_home({"AETHER_HOME": "/srv/a"}, Path("/"), uid=0) == Home(Path("/srv/a"))


def test_a_persons_home_lies_in_the_project_around_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "Makefile").touch()
    (tmp_path / "web" / "src").mkdir(parents=True)
    assert resolve_home({}, tmp_path / "web" / "src", uid=1000) == Home(tmp_path / ".aether")


def test_roots_homes_lie_where_other_uids_can_walk_and_differ_by_project(tmp_path: Path) -> None:
    one, two = (resolve_home({}, tmp_path / name / "app", uid=0).root for name in ("one", "two"))
    assert one.parent == two.parent == Path("/var/lib/aether")
    assert one != two
    assert one.name.startswith("app-")


def test_what_lies_in_a_closed_folder_is_out_of_reach(server_folder: Path) -> None:
    closed = server_folder / "closed"
    (closed / "inner").mkdir(parents=True)
    (closed / "inner" / "file").write_text("text")
    assert reachable(closed / "inner" / "file")
    closed.chmod(0o700)
    assert not reachable(closed / "inner" / "file")


def test_a_mirror_can_be_read_by_anybody_and_leaves_the_original_alone(server_folder: Path) -> None:
    source = server_folder / "private"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "module.py").write_text("1")
    (source / "inner" / "tool").write_text("2")
    (source / "inner" / "module.py").chmod(0o600)
    (source / "inner" / "tool").chmod(0o700)
    (source / "inner").chmod(0o700)
    source.chmod(0o700)
    target = server_folder / "mirror"
    mirror(source, target)
    assert reachable(target / "inner" / "module.py")
    assert os.access(target / "inner" / "tool", os.X_OK)
    assert (source / "inner" / "module.py").stat().st_mode & 0o777 == 0o600


def test_only_root_drops_and_to_a_uid_that_owns_nothing_else() -> None:
    root = os.geteuid() == 0
    assert dropped(1).process() == ({"user": GROUP + 1, "group": GROUP, "extra_groups": []} if root else {})


def test_roots_home_in_a_closed_folder_is_refused_in_a_sentence(server_folder: Path) -> None:
    closed = server_folder / "closed-to-all"
    closed.mkdir(mode=0o700)
    with pytest.raises(HomeUnreachable, match=f"cannot enter {closed}"):
        Home(closed / "home").check_reach()


def test_machines_lend_credentials_for_the_github_that_the_gateway_knows(home: Home) -> None:
    environ = {"GITHUB_WEB_URL": "https://git.example.com", "GITHUB_CLIENT_SECRET": "hidden"}
    told = {p.name: dict(p.environment) for p in composed(home, environ).service_programs()}
    assert told["machines"]["GITHUB_WEB_URL"] == told["gateway"]["GITHUB_WEB_URL"] == "https://git.example.com"
    assert "GITHUB_CLIENT_SECRET" not in told["machines"]
