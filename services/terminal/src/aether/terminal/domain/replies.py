"""Which bytes from a viewer are its emulator's own answers, and not a person's typing."""

import re

_ANSWER = re.compile(
    rb"(?:\x1b\[[?>=]?[\d;]*[cRnt]"  # device attributes, cursor position, status, size
    rb"|\x1b\[\?[\d;]*\$y"  # the state of a mode
    rb"|\x1b\[[IO]"  # focus came or went
    rb"|\x1b\](?:4|10|11|12);[^\x07\x1b]*(?:\x07|\x1b\\)"  # colours
    rb"|\x1bP[^\x1b]*\x1b\\)+"
)


def typed(data: bytes) -> bool:
    """Whether a person had a part in these bytes. A terminal that opens answers questions by itself."""
    return data[:1] != b"\x1b" or _ANSWER.fullmatch(data) is None
