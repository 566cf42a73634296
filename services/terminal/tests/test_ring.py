"""The ring: what was appended is read back as it is, from any offset that is held."""

import random

from aether.terminal.domain.ring import Ring


def test_any_part_of_the_last_bytes_is_read_back() -> None:
    dice, ring, everything = random.Random(3), Ring(50_000, start=1000), b""
    for _ in range(2_000):
        piece = dice.randbytes(dice.choice((1, 7, 300, 5000)))
        ring.append(piece)
        everything += piece
        offset = dice.randint(ring.start, ring.end)
        size = dice.randint(0, 9000)
        assert ring.read(offset, size) == everything[offset - 1000 : offset - 1000 + size]
    assert ring.end == 1000 + len(everything)
    assert 50_000 <= ring.end - ring.start < 100_000


def test_the_end_is_held_and_what_has_gone_is_not() -> None:
    ring = Ring(10)
    assert ring.holds(0)
    for _ in range(100):
        ring.append(b"x" * 1000)
    assert ring.holds(ring.end)
    assert not ring.holds(ring.end + 1)
    assert not ring.holds(ring.start - 1)
    ring.forget()
    assert (ring.start, ring.read(ring.end, 10)) == (ring.end, b"")


def test_an_idle_ring_is_small() -> None:
    ring = Ring(1 << 20)
    ring.append(b"$ ")
    assert sum(len(block) for block in ring._blocks) == 2
