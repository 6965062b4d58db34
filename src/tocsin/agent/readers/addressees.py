# SPDX-License-Identifier: Apache-2.0
"""Everybody to whom one mail, and the mails inside it, were written: addresses, names, and numbers said to them.

All of it is the victim's and stays inside; `tocsin.agent.redaction.traces` looks for it in whatever would leave.
"""

from collections.abc import Iterable

from tocsin.agent.readers import headers
from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.greeting import told_in, visible
from tocsin.agent.readers.reading import MAX_NAMES, MAX_NUMBERS

MAX_ADDRESSES = 1_000
MAX_SEARCHED = 100_000
"""Characters in which greetings are looked for, in all texts of a file together; they stand at the beginning."""


class Addressees:
    """Whom a mail was written to, as its fields and texts come in."""

    def __init__(self) -> None:
        self._addresses: dict[str, None] = {}
        self._names: dict[str, None] = {}
        self._numbers: dict[str, None] = {}
        self._left = MAX_SEARCHED

    def header(self, fields: headers.Fields) -> None:
        """Take in the recipients' fields of one mail, and its subject."""
        self._addresses.update(dict.fromkeys(headers.recipients_of(fields)))
        self._names.update(dict.fromkeys(headers.recipient_names_of(fields)))
        subject = self._start_of(" ".join(fields.get("subject", ())[:1]))
        self._told(*told_in(subject, everywhere=True))

    def body(self, text: str) -> None:
        """Take in one text."""
        self._told(*told_in(self._start_of(text)))

    def _told(self, names: Iterable[str], numbers: Iterable[str]) -> None:
        self._names.update(dict.fromkeys(names))
        self._numbers.update(dict.fromkeys(numbers))

    def _start_of(self, text: str) -> str:
        """As much of a text as may still be searched."""
        start = text[: self._left]
        self._left -= len(start)
        return visible(start)

    def addresses(self) -> tuple[str, ...]:
        """In lower case, in the order in which they stood."""
        return _bounded(self._addresses, MAX_ADDRESSES)

    def names(self) -> tuple[str, ...]:
        """As they were written."""
        return _bounded(self._names, MAX_NAMES)

    def numbers(self) -> tuple[str, ...]:
        """As they were written, with their dots and dashes."""
        return _bounded(self._numbers, MAX_NUMBERS)


def _bounded(texts: Iterable[str], bound: int) -> tuple[str, ...]:
    return tuple(plain(text, 320) for text in list(texts)[:bound])
