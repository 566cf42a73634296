"""The sizes a machine may have, and what each may take."""

from aether.contracts.machines import LimitsView
from aether.machines.errors import Invalid
from aether.machines.provider import Limits

SIZES = {
    "small": Limits(memory_mb=4096, disk_mb=20480, pids=2048, cpus=2.0),
    "medium": Limits(memory_mb=8192, disk_mb=40960, pids=4096, cpus=4.0),
    "large": Limits(memory_mb=16384, disk_mb=81920, pids=8192, cpus=8.0),
}

IDLE_MINUTES = 30
IDLE_RANGE = range(5, 1441)


def checked_size(size: str) -> str:
    """The size, if there is one of that name. Raises Invalid."""
    if size not in SIZES:
        raise Invalid.field("size", f"There is no size of that name. Choose one of: {', '.join(SIZES)}.")
    return size


def checked_idle_minutes(minutes: int) -> int:
    """Minutes from 5 to 1440. Raises Invalid."""
    if minutes not in IDLE_RANGE:
        raise Invalid.field("idle_minutes", "Choose from 5 minutes to 1440, which is a day.")
    return minutes


def limits_view(size: str) -> LimitsView:
    limits = SIZES[size]
    return LimitsView(memory_mb=limits.memory_mb, disk_mb=limits.disk_mb, pids=limits.pids)
