# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent redact`: a text as it reads without the bank, its people, customers and systems. Sends nothing."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import MAX_TEXT
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted, printable
from tocsin.config.agent import OwnAssets
from tocsin.errors import InputError
from tocsin.wire.problem import Problem, to_problem

_STAYS = "Nothing was sent: free text stays home unless a person approves it."
_WARNING = (
    "Read it before you pass it on: names that nobody declared may still stand in it, and a story tells its victim "
    "without any (of published ones with every name taken out, more than half were still found)."
)
_DOUBTS = (
    "Look again, the words around these do not say whose they are, and what is the attacker's should stay"
)


class Redaction(msgspec.Struct, frozen=True):
    """One text and what was replaced in it."""

    file: str
    text: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    """How many pieces were replaced, by kind, the most first."""
    doubts: tuple[str, ...] = ()
    """The placeholders of what may as well be the attacker's, which should stay: nothing near it says whose it is."""
    cut: bool = False
    """Whether the file's text is longer than a reader hands over: the rest is not shown."""
    warning: str = _WARNING
    problem: Problem | None = None


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("file", metavar="FILE", type=Path, help="a text, or a file that holds one")


def _redact(parsed: argparse.Namespace) -> Iterator[Output]:
    path: Path = parsed.file
    name = printable(str(path))
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader:
        try:
            with path.open("rb") as opened:
                for document in documents(reader, opened, name):
                    yield _document(document, house.config.own)
        except InputError as error:
            yield _refused(name, error)
    yield Output((_STAYS, _WARNING))


def _document(document: Document, own: OwnAssets) -> Output:
    from tocsin.agent.redaction.narrative.walk import redact_text  # its expressions: a quarter of a start

    name = printable(document.name)
    try:
        if document.reading is None:
            raise document.error or InputError(f"{name} holds no text.")
        redacted = redact_text(document.reading.text, own)
    except InputError as error:
        return _refused(name, error)
    cut = len(document.reading.text) >= MAX_TEXT
    counts = redacted.counts()
    said = ", ".join(f"{number:,} {kind}" for kind, number in counts) or "nothing"
    head = f"{name}: {counted(len(redacted.marks), 'piece')} replaced ({said})"
    lines = [head, *redacted.text.splitlines()]
    if redacted.doubts:
        lines.append(f"{_DOUBTS}: {', '.join(redacted.doubts)}")
    if cut:
        lines.append(f"The file's text goes on: the first {MAX_TEXT:,} characters are shown.")
    return Output(tuple(lines), Redaction(name, redacted.text, counts, redacted.doubts, cut))


def _refused(name: str, error: InputError) -> Output:
    return Output((f"{name}: {error}",), Redaction(name, problem=to_problem(error)), 1)


REDACT = Command(
    "agent",
    "redact",
    "show a text without what identifies you, your people and your customers",
    _redact,
    _arguments,
    "Your names, people, accounts, numbers and systems become placeholders, the same thing always the same; sums and "
    "times are told less exactly; what is the attacker's stays as it stands. Declare more of yourself under [own] in "
    "agent.toml: staff, internal_hosts, iban, bic. Nothing is sent and nothing is kept.",
)
