# SPDX-License-Identifier: Apache-2.0
"""How lines reach a person: as wide as the terminal, identifiers short, and whatever is long folded, never cut.

`say` is the only door: what moves a cursor, colours, or reorders letters is shown as its escape, whoever wrote it.
Into a pipe or a file nothing is folded or shortened, so that a search finds a whole value on one line.
"""

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator

from tocsin.domain.observable import Observable, defang, host_of
from tocsin.web import checkup

UNFOLDED = 10_000
"""Columns of what is no terminal."""
_NARROWEST = 40
_WIDEST = 1_000
"""A person's terminal has fewer columns."""
_GAP = "   "
_JOINERS = "\u200c\u200d"
"""Parts of words in several scripts, and of pictures."""
_COMMANDS = ("tocsin ", ".venv/bin/tocsin ", "cat ")


def width(otherwise: int = UNFOLDED) -> int:
    """Columns of the terminal or of the variable COLUMNS; `otherwise` when there is neither."""
    return max(shutil.get_terminal_size((otherwise, 24)).columns, _NARROWEST)


def say(text: str, *, failed: bool = False) -> None:
    """Print for a person: what went wrong on the other channel, so that a script sees it."""
    for line in text.split("\n"):
        for folded in fold(printable(line)):
            print(folded, file=sys.stderr if failed else sys.stdout, flush=True)


def printable(text: str) -> str:
    """One line that a terminal shows as it is: controls, reordering and half characters become escapes."""
    if text.isprintable():
        return text
    return "".join(_escaped(letter) for letter in text)


def fold(line: str, columns: int | None = None) -> list[str]:
    """One line as several, the further ones a little deeper. No word is broken, and no command: they are copied."""
    room = columns or width()
    if len(line) <= room or line.lstrip().startswith(_COMMANDS):
        return [line]
    deeper = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, room, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False)


def row(head: str, value: str, note: str = "") -> list[str]:
    """A value behind its head, folded where it must be; the note beside it, or below it when there is no room."""
    columns, indent = width(), " " * len(head)
    room = max(columns - len(head), _NARROWEST // 2)
    pieces = list(_pieces(value, room))
    lines = [head + pieces[0], *(indent + piece for piece in pieces[1:])]
    if not note:
        return lines
    if len(lines) == 1 and len(lines[0] + _GAP + note) <= columns:
        return [lines[0] + _GAP + note]
    return [*lines, *textwrap.wrap(note, columns, initial_indent=indent, subsequent_indent=indent)]


def short(identifier: str, *, wide: bool = False) -> str:
    """An identifier for a person: ``rpt_cdbf76a2…``; whole when it is asked for, or no person looks."""
    if wide or width() > _WIDEST or len(identifier) <= 13:
        return identifier
    return f"{identifier[:12]}…"


def readable(observable: Observable) -> str:
    """A value that nobody clicks by mistake, with the letters of an international name beside its encoded form."""
    shown = defang(observable.value)
    host = host_of(observable) or ""
    letters = ".".join(map(_letters, host.split(".")))
    return shown if letters == host else f"{shown} = {defang(letters)}"


counted = checkup.counted
"""``1 entry``, ``2 entries``: a number with its word."""


def _escaped(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs":
        return letter
    return letter.encode("unicode_escape").decode()


def _pieces(value: str, room: int) -> Iterator[str]:
    """A long value in pieces, cut behind a mark where there is one in the second half of the room."""
    while len(value) > room:
        mark = max(value.rfind(letter, 0, room) for letter in "/?&=-]") + 1
        end = mark if mark > room // 2 else room
        yield value[:end]
        value = value[end:]
    yield value


def _letters(label: str) -> str:
    """An international label in its own letters; as it stands when they could play with the screen."""
    if not label.startswith("xn--"):
        return label
    try:
        letters = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return letters if letters.isprintable() and not letters.isascii() else label
