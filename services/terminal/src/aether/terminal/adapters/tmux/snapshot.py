"""A pane as bytes that draw it: scrollback and screen with every line once, cursor and modes.

Written for an emulator that has just been reset and has the pane's size. What tmux 3.3 does not tell cannot
be restored: the colour the program is about to write in, and tab stops.
"""

import re
from dataclasses import dataclass

# Separated by a character that no field but the last, the title, can hold.
FIELDS = (
    "alternate_on",
    "history_size",
    "pane_width",
    "pane_height",
    "cursor_x",
    "cursor_y",
    "cursor_flag",
    "insert_flag",
    "origin_flag",
    "wrap_flag",
    "keypad_cursor_flag",
    "keypad_flag",
    "mouse_standard_flag",
    "mouse_button_flag",
    "mouse_all_flag",
    "mouse_sgr_flag",
    "mouse_utf8_flag",
    "scroll_region_upper",
    "scroll_region_lower",
    "alternate_saved_x",
    "alternate_saved_y",
    "pane_current_command",
)
FORMAT = " ".join(f"#{{{name}}}" for name in FIELDS)
MOST_BYTES = 8 * 1024 * 1024

# These ask for bracketed paste at their prompt; tmux 3.3 does not say whether it is on.
LINE_EDITORS = frozenset({"bash", "zsh", "fish"})

_PEN = re.compile(rb"\x1b\[[\d;:]*m")
_RESET = re.compile(rb"\x1b\[0?(?:;[^m]*)?m")


@dataclass(frozen=True)
class Pane:
    """What tmux says of a pane; see FIELDS."""

    numbers: dict[str, int]
    program: str

    @classmethod
    def read(cls, line: bytes) -> "Pane":
        words = line.decode("utf-8", "replace").split(" ", len(FIELDS) - 1)
        # A number that does not apply comes as nothing.
        return cls({name: int(word or 0) for name, word in zip(FIELDS[:-1], words, strict=False)}, words[-1])

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    @property
    def alternate(self) -> bool:
        return bool(self["alternate_on"])


class PaneCapture:
    """What tmux answered to captures(), not yet put together."""

    def __init__(self, pane: Pane, replies: list[list[bytes]], position: int, *, pasting: bool | None) -> None:
        self.position = position
        self.cols = pane["pane_width"]
        self.rows = pane["pane_height"]
        self._pane = pane
        self._replies = replies
        self._pasting = pasting

    def compose(self) -> bytes:
        return compose(self._pane, self._replies, pasting=self._pasting)


def captures(pane: Pane, target: str, lines: int) -> list[str]:
    """The commands whose answers compose() needs, for at most `lines` of scrollback."""
    # More history than there is means all of it; to name what there was would miss what has come since.
    whole = f"capture-pane -p -e -J -t {target} -S -{lines} -E "
    state = f"display-message -p -t {target} '{FORMAT}'"
    screen = f"capture-pane -p -e -N -t {target}"
    pending = f"capture-pane -p -P -C -t {target}"
    if not pane.alternate:
        return [state, pending, screen, f"{whole}-"]
    saved = f"capture-pane -p -e -a -q -t {target}"
    return [state, pending, screen, saved, *([f"{whole}-1"] if pane["history_size"] and lines else [])]


def compose(pane: Pane, replies: list[list[bytes]], *, pasting: bool | None) -> bytes:
    """The bytes. `replies` are those to captures() without the first; `pasting` is None where nobody knows."""
    pending, screen, *rest = replies
    standing = standing_lines(screen)
    if pane.alternate:
        history = bounded(rest[1] if len(rest) > 1 else [])
        main = standing_lines(history) + standing_lines(rest[0])
        body = b"\r\n".join(main) + _place(pane["alternate_saved_x"], pane["alternate_saved_y"])
        body += b"\x1b[?1049h\x1b[H" + b"\r\n".join(standing)
    else:
        body = b"\r\n".join(standing_lines(bounded(rest[0])))
    if pasting is None:
        pasting = pane.alternate or pane.program in LINE_EDITORS
    return b"".join((body, _cursor(pane, standing), _modes(pane, pasting=pasting), _pending(pending)))


def standing_lines(lines: list[bytes]) -> list[bytes]:
    """Each line with its own colours. tmux writes only what changes, and the line feed between two lines
    would fill the new one with the colour that stands."""
    pen = b""
    standing = []
    for line in lines:
        if not pen and b"\x1b" not in line:
            standing.append(line)
            continue
        before, pen = pen, _pen_after(pen, line)
        standing.append(before + line + (b"\x1b[m" if pen else b""))
    return standing


def bounded(lines: list[bytes]) -> list[bytes]:
    """The newest lines that fit into MOST_BYTES."""
    size = 0
    for index in range(len(lines) - 1, -1, -1):
        size += len(lines[index]) + 2
        if size > MOST_BYTES:
            return lines[index + 1 :]
    return lines


def _pen_after(pen: bytes, line: bytes) -> bytes:
    for change in _PEN.findall(line):
        pen = change if _RESET.fullmatch(change) else pen + change
    return b"" if pen in (b"\x1b[m", b"\x1b[0m") else pen


def _place(x: int, y: int) -> bytes:
    return b"\x1b[%d;%dH" % (y + 1, x + 1)


def _cursor(pane: Pane, screen: list[bytes]) -> bytes:
    x, y = pane["cursor_x"], pane["cursor_y"]
    upper, lower = pane["scroll_region_upper"], pane["scroll_region_lower"]
    placed = b""
    if (upper, lower) != (0, pane["pane_height"] - 1):
        placed += b"\x1b[%d;%dr" % (upper + 1, lower + 1)
    if x < pane["pane_width"]:
        placed += _place(x, y)
    elif y < len(screen):
        # The cursor waits behind the last column; only writing the line brings an emulator there.
        placed += _place(0, y) + screen[y]
    if pane["origin_flag"]:
        placed += b"\x1b[?6h" + _place(x, max(0, y - upper))
    return placed


def _modes(pane: Pane, *, pasting: bool) -> bytes:
    modes = (
        (pane["insert_flag"], b"\x1b[4h"),
        (not pane["wrap_flag"], b"\x1b[?7l"),
        (pane["keypad_cursor_flag"], b"\x1b[?1h"),
        (pane["keypad_flag"], b"\x1b="),
        (pane["mouse_standard_flag"], b"\x1b[?1000h"),
        (pane["mouse_button_flag"], b"\x1b[?1002h"),
        (pane["mouse_all_flag"], b"\x1b[?1003h"),
        (pane["mouse_utf8_flag"], b"\x1b[?1005h"),
        (pane["mouse_sgr_flag"], b"\x1b[?1006h"),
        (pasting, b"\x1b[?2004h"),
        (not pane["cursor_flag"], b"\x1b[?25l"),
    )
    return b"".join(sequence for wanted, sequence in modes if wanted)


def _pending(lines: list[bytes]) -> bytes:
    """The beginning of a sequence whose end has not come: the output that follows completes it."""
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match.group(1), 8)]), b"\n".join(lines))
