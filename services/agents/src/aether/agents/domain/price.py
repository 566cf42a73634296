"""What a machine's time costs by the list."""


def cents(seconds: float, cents_per_minute: float) -> int:
    """Whole cents, rounded down: nobody is shown what has not been used."""
    return int(seconds * cents_per_minute / 60)
