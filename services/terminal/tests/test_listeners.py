"""What /proc says of listeners, read: whose they are, what reaches them, and names that mean no good."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.terminal.domain.listeners import PORTS, name_of, read_scan

V4, V6 = "0100007F", "00000000000000000000000001000000"
ANY, ANY6 = "00000000", "0" * 32
MAPPED, MAPPED_ANY = "0000000000000000FFFF00000100007F", "0000000000000000FFFF000000000000"
PORT = "1F90"  # 8080


def reach(*lines: str) -> tuple[str, ...] | None:
    """What leads to the machine's own program on 8080, if anything does. A socket `held` is the machine's."""
    found = read_scan("\n".join(lines) + "\n", ssh_port=22).get(8080)
    return found.addresses if found else None


def test_a_development_server_and_a_database_are_read_from_a_whole_scan() -> None:
    said = """ssh 40022
tcp 0100007F:9C56 70001
tcp 0100007F:1538 70002
tcp 00000000:0BB8 70003
tcp 00000000000000000000000001000000:1538 70004
held 70001 12 sshd
held 70002 31 postgres
held 70004 31 postgres
held 70003 48 MainThread
held 70003 47 MainThread
.
"""
    found = read_scan(said, ssh_port=22)
    assert {port: (listener.process, listener.addresses) for port, listener in found.items()} == {
        3000: ("node", ("127.0.0.1",)),
        5432: ("postgres", ("127.0.0.1", "::1")),
    }


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"tcp {V4}", ("127.0.0.1",)),
        (f"tcp {ANY}", ("127.0.0.1",)),
        (f"tcp {V6}", ("::1",)),
        (f"tcp {ANY6}", ("127.0.0.1", "::1")),
        (f"tcp {MAPPED}", ("127.0.0.1",)),
        (f"tcp {MAPPED_ANY}", ("127.0.0.1",)),
        ("tcp 3500007F", ("127.0.0.53",)),
        ("tcp 020011AC", None),  # 172.17.0.2 alone is not reached from loopback
    ],
)
def test_whatever_a_program_binds_to_it_is_reached_over_loopback(
    address: str, expected: tuple[str, ...] | None
) -> None:
    assert reach(f"{address}:{PORT} 5", "held 5 9 app") == expected


def test_a_socket_that_no_process_of_the_machine_holds_is_not_the_machine_s() -> None:
    assert reach(f"tcp {V4}:{PORT} 5") is None
    assert reach(f"tcp {V4}:{PORT} 5", "held 6 9 app") is None
    assert reach(f"tcp {V4}:{PORT} 0", "held 5 9 app") is None


@pytest.mark.parametrize(
    ("mine", "host", "expected"),
    [
        (f"tcp {ANY}", f"tcp {V4}", None),  # the host's is bound more closely
        (f"tcp {V4}", f"tcp {ANY}", ("127.0.0.1",)),
        (f"tcp {ANY6}", f"tcp {V4}", ("::1",)),
        (f"tcp {ANY6}", f"tcp {V6}", ("127.0.0.1",)),
        (f"tcp {ANY6}", f"tcp {MAPPED}", ("::1",)),
        (f"tcp {V6}", f"tcp {V4}", ("::1",)),
        (f"tcp {V4}", f"tcp {V6}", ("127.0.0.1",)),
        (f"tcp {V4}", f"tcp {V4}", None),  # SO_REUSEPORT: the kernel gives it to either
        ("tcp 0200007F", f"tcp {V4}", ("127.0.0.2",)),
        ("tcp 0200007F", f"tcp {ANY}", ("127.0.0.2",)),
    ],
)
def test_where_the_host_listens_on_the_same_port_only_what_leads_to_the_machine_is_left(
    mine: str, host: str, expected: tuple[str, ...] | None
) -> None:
    lines = [f"{mine}:{PORT} 5", f"{host}:{PORT} 6", "held 5 9 app"]
    assert reach(*lines) == expected
    assert reach(*reversed(lines)) == expected


def test_the_ssh_server_of_the_machine_is_left_out_by_the_port_that_it_knows_itself() -> None:
    lines = f"tcp {V4}:0016 5\ntcp {V4}:{PORT} 6\nheld 5 9 sshd\nheld 6 9 sshd\n"
    assert set(read_scan("ssh \n" + lines, ssh_port=22)) == {8080}
    assert set(read_scan("ssh 8080\n" + lines, ssh_port=49153)) == {22}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("python3", "python3"),
        ("npm run dev", "npm run dev"),
        ("MainThread", "node"),
        ("\x1b[31mroot\x07", "[31mroot"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("x\u2028y\x85z", "xyz"),
        ("<script>", "<script>"),  # the page shows text as text
        ("\ufffd\ufffd", "\ufffd\ufffd"),
        ("n" * 5000, "n" * 64),
        ("   ", ""),
        ("", ""),
    ],
)
def test_a_program_s_name_is_one_short_visible_line(said: str, shown: str) -> None:
    assert name_of(said) == shown


@pytest.mark.parametrize(
    "line",
    [
        "tcp",
        "tcp ",
        "tcp x:y z",
        f"tcp {V4}",
        f"tcp {V4}:1F90",
        f"tcp {V4}:1F90 5 5",
        f"tcp {V4}:1F90:1F90 5",
        f"tcp {V4}:00001F90FF 5",
        "tcp 7F:1F90 5",
        "tcp 0100007F0100007F:1F90 5",
        f"tcp {V4}:0000 5",
        "held",
        "held 5",
        "held 5 x y",
        "held 5 ² y",
        "ssh ²",
        "ssh " + "1" * 5000,
        "held 5 " + "1" * 5000 + " y",
        "\x00\x01",
    ],
)
def test_a_line_that_makes_no_sense_is_left_out_and_the_others_are_read(line: str) -> None:
    found = read_scan(f"{line}\ntcp {V4}:0BB8 7\n{line}\nheld 7 9 app\n{line}", ssh_port=22)
    assert set(found) == {3000}


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_name_cannot_add_a_line(end: str) -> None:
    found = read_scan(f"tcp {V4}:{PORT} 5\nheld 5 9 app{end}held 6 9 x\ntcp {V4}:0BB8 6\n", ssh_port=22)
    assert set(found) == {8080}


def test_of_many_ports_the_lowest_are_followed() -> None:
    lines = [f"tcp {V4}:{port:04X} {port}\nheld {port} 9 app" for port in range(1000, 1000 + 2 * PORTS)]
    assert list(read_scan("\n".join(reversed(lines)), ssh_port=22)) == list(range(1000, 1000 + PORTS))


words = st.one_of(
    st.sampled_from(["tcp", "held", "ssh", V4, V6, ANY6, f"{V4}:{PORT}", f"{ANY6}:{PORT}", "5", "6", "="]),
    st.text(),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(words, max_size=5).map(" ".join), max_size=12).map("\n".join))
def test_whatever_a_machine_says_makes_ports_that_can_be_shown(said: str) -> None:
    for port, listener in read_scan(said, ssh_port=22).items():
        assert 1 <= port == listener.port <= 65535
        assert listener.addresses
        assert len(listener.process) <= 64
        assert listener.process.isprintable()
