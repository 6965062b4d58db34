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
from tocsin.agent.redaction.narration import Answers
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.narrative import STAYS, alone, answer_arguments, answers, open_doubts
from tocsin.cli.screen import counted, printable
from tocsin.config.agent import OwnAssets
from tocsin.errors import InputError
from tocsin.wire.problem import Problem, to_problem

_STAYS = "Nothing was sent: free text stays home unless a person approves it (tocsin agent report --text)."
_WARNING = (
    "Read it before you pass it on: names that nobody declared may still stand in it, and a story tells its victim "
    "without any (of published ones with every name taken out, more than half were still found)."
)


class Redaction(msgspec.Struct, frozen=True):
    """One text and what was replaced in it."""

    file: str
    text: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    """How many pieces were replaced, by kind, the most first."""
    doubts: tuple[str, ...] = ()
    """The placeholders of what may as well be the attacker's, which should stay: nothing near it says whose it is."""
    stays: tuple[str, ...] = ()
    """Phones, accounts and mailboxes in the text that were taken for the attacker's: a person looks at each."""
    cut: bool = False
    """Whether the file's text is longer than a reader hands over: the rest is not shown."""
    warning: str = _WARNING
    problem: Problem | None = None


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("file", metavar="FILE", type=Path, help="a text, or a file that holds one")
    answer_arguments(parser)


def _redact(parsed: argparse.Namespace) -> Iterator[Output]:
    path: Path = parsed.file
    name = printable(str(path))
    given = answers(parsed)
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader:
        try:
            with path.open("rb") as opened:
                found = documents(reader, opened, name)
                for document in alone(found, name) if given.keep else found:
                    yield _document(document, house.config.own, given)
        except InputError as error:
            yield _refused(name, error)
    yield Output((_STAYS, _WARNING))


def _document(document: Document, own: OwnAssets, given: Answers) -> Output:
    # Its expressions are a quarter of a command's start.
    from tocsin.agent.redaction.narrative.walk import answered, redact_text

    name = printable(document.name)
    try:
        if document.reading is None:
            raise document.error or InputError(f"{name} holds no text.")
        text = document.reading.text
        redacted = answered(text, redact_text(text, own, given.hide), given.keep)
    except InputError as error:
        return _refused(name, error)
    cut = len(text) >= MAX_TEXT
    counts = redacted.counts()
    said = ", ".join(f"{number:,} {kind}" for kind, number in counts) or "nothing"
    head = f"{name}: {counted(len(redacted.marks), 'piece')} replaced ({said})"
    lines = [head, *redacted.text.splitlines(), *open_doubts(redacted.text, redacted.doubts)]
    if redacted.stays:
        lines.append(f"{STAYS}: {', '.join(redacted.stays)}")
    if cut:
        lines.append(f"The file's text goes on: the first {MAX_TEXT:,} characters are shown.")
    shown = Redaction(name, redacted.text, counts, redacted.doubts, redacted.stays, cut)
    return Output(tuple(lines), shown)


def _refused(name: str, error: InputError) -> Output:
    return Output((f"{name}: {error}",), Redaction(name, problem=to_problem(error)), 1)


REDACT = Command(
    "agent",
    "redact",
    "show a text without what identifies you, your people and your customers",
    _redact,
    _arguments,
    "Your names, people, accounts, numbers and systems become placeholders, the same thing always the same; sums and "
    "times are told less exactly; what is the attacker's stays as it stands. What may be either is hidden and asked "
    "about: run it again with --keep for what is the attacker's, and --hide for whatever still tells too much. "
    "Declare more of yourself under [own] in agent.toml: staff, internal_hosts, iban, bic. Nothing is sent or kept.",
)
