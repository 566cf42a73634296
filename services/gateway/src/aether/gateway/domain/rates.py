"""How often one may try: a bucket of tokens that fills steadily."""

import hashlib
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`burst` attempts at once, and that many again in every `seconds`."""

    burst: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """From "120/60", a hundred and twenty a minute. Raises ValueError."""
        burst, _, seconds = text.partition("/")
        rate = cls(int(burst), int(seconds))
        if rate.burst < 1 or rate.seconds < 1:
            raise ValueError(f"{text} is not a rate such as 120/60")
        return rate

    @property
    def per_second(self) -> float:
        return self.burst / self.seconds

    def wait(self, tokens: float) -> int:
        """Whole seconds until a bucket that holds so many tokens has one."""
        return max(1, math.ceil((1 - tokens) / self.per_second))


def bucket_key(kind: str, of: str) -> str:
    """A bucket's name. Hashed: strangers' addresses are not kept in clear."""
    return f"{kind}:{hashlib.sha256(of.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"
