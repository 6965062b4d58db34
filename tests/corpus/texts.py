# SPDX-License-Identifier: Apache-2.0
"""The texts of `texts/`: what a bank's people write, with the truth about what must go and what must stay.

Offsets count Unicode code points. What no span covers may go or stay. The README beside the texts says how the truth
is defined.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

FOLDER = Path(__file__).resolve().parent / "texts"
DEVELOPED = (FOLDER, FOLDER / "second", FOLDER / "third")
"""What rules may be made of; all but the first were measured once before anybody who writes rules read them."""
HELD_OUT = FOLDER / "held_out"
"""What nobody who writes rules reads."""


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of a text: `text[start:end]` is `value`."""

    kind: str
    start: int
    end: int
    value: str


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text: what to hide, what to keep byte for byte, and what to tell less exactly."""

    id: str
    bank: str
    language: str
    genre: str
    text: str
    hide: tuple[Span, ...]
    keep: tuple[Span, ...]
    coarsen: tuple[Span, ...]
    note: str = ""

    def spans(self) -> list[Span]:
        """All of them, in the order of the text."""
        return sorted((*self.hide, *self.keep, *self.coarsen), key=lambda span: span.start)


class Bank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fictional bank, as it would declare itself to its agent."""

    country: str
    legal_name: str
    aliases: tuple[str, ...]
    domains: tuple[str, ...]
    networks: tuple[str, ...]
    bic: str
    iban: tuple[str, ...]
    bin: tuple[str, ...]
    internal_hosts: tuple[str, ...]
    staff: tuple[str, ...]


def texts(folder: Path = FOLDER) -> Iterator[Text]:
    """Every text of every file in a folder, in the order of the files' names."""
    read = msgspec.json.Decoder(Text)
    for path in sorted(folder.glob("*.jsonl")):
        yield from read.decode_lines(path.read_bytes())


def banks(folder: Path = FOLDER) -> dict[str, Bank]:
    """The banks under the names that the texts of a folder call them by."""
    return msgspec.toml.decode((folder / "banks.toml").read_bytes(), type=dict[str, Bank])
