"""What is work over SSH, and what a connection sends by itself."""

from aether.terminal.domain.traffic import Traffic


def settled() -> Traffic:
    """A connection that has been opened."""
    traffic = Traffic()
    assert not traffic.shows_work(4_000, 0.0)
    assert not traffic.shows_work(4_192, 0.1)
    return traffic


def test_opening_a_connection_is_no_work() -> None:
    assert not Traffic().shows_work(8 * 1024 + 2 * 1024, 0.0)
    assert Traffic().shows_work(8 * 1024 + 2 * 1024 + 1, 0.0)


def test_being_kept_open_is_no_work_however_long() -> None:
    traffic = settled()
    assert not any(traffic.shows_work(100, 15.0 * n) for n in range(1000))


def test_typing_and_sending_are() -> None:
    traffic = settled()
    assert any(traffic.shows_work(68, 0.3 * n) for n in range(60))
    assert settled().shows_work(32_768, 1.0)


def test_a_key_now_and_then_is_not_added_up_for_ever() -> None:
    traffic = settled()
    assert not any(traffic.shows_work(500, 31.0 * n) for n in range(100))
