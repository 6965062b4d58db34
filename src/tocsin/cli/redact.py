# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent redact`: a text as it reads without the bank, its people, customers and systems. Sends nothing."""

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
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
    "Look again, the words around these do not say whose they are. Put back what is the attacker's, by --keep"
)
_STAYS_HERE = (
    "These stay as the attacker's. Hide by --hide what is not, and any other word that tells too much"
)
_AROUND = 40
"""Characters that are shown on either side of a doubt."""


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


class _Answers(msgspec.Struct, frozen=True):
    """What a person says of a text that was shown before."""

    keep: tuple[str, ...]
    hide: tuple[str, ...]


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("file", metavar="FILE", type=Path, help="a text, or a file that holds one")
    parser.add_argument(
        "--keep", action="append", default=[], metavar="DOUBT",
        help="'phone 1': what it stands for is the attacker's; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--hide", action="append", default=[], metavar="WORDS", help="words that must go too; may be repeated"
    )


def _redact(parsed: argparse.Namespace) -> Iterator[Output]:
    path: Path = parsed.file
    name = printable(str(path))
    answers = _Answers(tuple(f"[{one.strip('[] ')}]" for one in parsed.keep), tuple(parsed.hide))
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader:
        try:
            with path.open("rb") as opened:
                found = documents(reader, opened, name)
                for document in _alone(found, name) if answers.keep else found:
                    yield _document(document, house.config.own, answers)
        except InputError as error:
            yield _refused(name, error)
    yield Output((_STAYS, _WARNING))


def _alone(found: Iterable[Document], name: str) -> list[Document]:
    """The one text in a file: each text has a phone 1 of its own."""
    if len(some := list(islice(found, 2))) > 1:
        raise InputError(
            f"{name} holds several texts.", next_step="Answer for each text in a file of its own."
        )
    return some


def _document(document: Document, own: OwnAssets, answers: _Answers) -> Output:
    # Its expressions are a quarter of a command's start.
    from tocsin.agent.redaction.narrative.walk import answered, redact_text

    name = printable(document.name)
    try:
        if document.reading is None:
            raise document.error or InputError(f"{name} holds no text.")
        text = document.reading.text
        redacted = answered(text, redact_text(text, own, answers.hide), answers.keep)
    except InputError as error:
        return _refused(name, error)
    cut = len(text) >= MAX_TEXT
    counts = redacted.counts()
    said = ", ".join(f"{number:,} {kind}" for kind, number in counts) or "nothing"
    head = f"{name}: {counted(len(redacted.marks), 'piece')} replaced ({said})"
    lines = [head, *redacted.text.splitlines()]
    if redacted.doubts:
        lines += [f"{_DOUBTS}:", *(f"  {_around(redacted.text, doubt)}" for doubt in redacted.doubts)]
    if redacted.stays:
        lines.append(f"{_STAYS_HERE}: {', '.join(redacted.stays)}")
    if cut:
        lines.append(f"The file's text goes on: the first {MAX_TEXT:,} characters are shown.")
    shown = Redaction(name, redacted.text, counts, redacted.doubts, redacted.stays, cut)
    return Output(tuple(lines), shown)


def _around(text: str, placeholder: str) -> str:
    """A placeholder where it stands first, with the words beside it."""
    at = text.index(placeholder)
    first, last = max(0, at - _AROUND), at + len(placeholder) + _AROUND
    return " ".join(f"{'…' if first else ''}{text[first:last]}{'…' if last < len(text) else ''}".split())


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
