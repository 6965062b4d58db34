# SPDX-License-Identifier: Apache-2.0
"""The text beside a report at a terminal: its options, what leaves of it beside what was written, and each doubt."""

import argparse
import difflib
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from tocsin.agent.anonymous.reports import CLASSES
from tocsin.agent.house import House
from tocsin.agent.readers.documents import Document
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.narration import Answers, Narration
from tocsin.agent.verbs.report import Prepared, worded
from tocsin.cli.screen import counted
from tocsin.cli.sending import agreed, attended
from tocsin.domain.narrative import MAX_NARRATIVE
from tocsin.errors import ConfigError, InputError, UsageError

DOUBTS = (
    "Look again, the words around these do not say whose they are. Put back what is the attacker's, by --keep"
)
STAYS = "These stay as the attacker's. Hide by --hide what is not, and any other word that tells too much"
_TOLD = (
    "A text can tell its victim though no name stands in it: of published stories with every name taken out, more "
    "than half were still found. No count says how many look alike."
)
_MOST_BYTES = 100_000
_AROUND = 40
"""Characters that are shown on either side of a doubt."""


def text_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a text that goes beside the values."""
    parser.add_argument(
        "--text", metavar="FILE", default="",
        help=f"tell what happened in words too, at most {MAX_NARRATIVE:,} characters: redacted as by tocsin agent "
        "redact, and shown before it goes; - reads it from standard input. Never by a standing rule, and never "
        "anonymously",
    )  # fmt: skip
    answer_arguments(parser)
    parser.add_argument(
        "--drop", action="append", default=[], metavar="DOUBT",
        help="'phone 2': what it stands for is not the attacker's, and goes; may be given again",
    )  # fmt: skip


def answer_arguments(parser: argparse.ArgumentParser) -> None:
    """The options by which a person answers what a redacted text leaves open."""
    parser.add_argument(
        "--keep", action="append", default=[], metavar="DOUBT",
        help="'phone 1': what it stands for is the attacker's; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--hide",
        action="append",
        default=[],
        metavar="WORDS",
        help="words that must go too; may be given again",
    )


def answers(parsed: argparse.Namespace) -> Answers:
    """What a person has said of the text."""
    keep, drop = (
        tuple(f"[{one.strip('[] ')}]" for one in some) for some in (parsed.keep, getattr(parsed, "drop", ()))
    )
    return Answers(keep, drop, tuple(parsed.hide))


def written(parsed: argparse.Namespace) -> str:
    """The text as it was written, empty when there is none; UsageError for one that cannot go."""
    if not parsed.text:
        if parsed.keep or parsed.drop or parsed.hide:
            raise UsageError("--keep, --drop and --hide answer for a text: name it by --text.")
        return ""
    if parsed.report_class in CLASSES:
        raise UsageError("An anonymous report has no text: how somebody writes tells who it is.")
    try:
        if parsed.text == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(parsed.text).open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{parsed.text} cannot be read: {error.strerror}.") from None
    try:
        text = data[: _MOST_BYTES + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("--text is read as UTF-8, and this is none.") from None
    if not text.strip() or len(data) > _MOST_BYTES:
        raise UsageError(f"--text is 1 to {_MOST_BYTES:,} bytes of text.")
    return text


def alone(found: Iterable[Document], name: str) -> list[Document]:
    """The one document in a file: each has a text, and a phone 1, of its own. InputError when there are more."""
    if len(some := list(islice(found, 2))) > 1:
        raise InputError(
            f"{name} holds several texts.", next_step="Answer for each text in a file of its own."
        )
    return some


def lines(narration: Narration) -> Iterator[str]:
    """What leaves of a text beside what was written (``-`` goes, ``+`` stands for it), and what is still open."""
    said = ", ".join(f"{number:,} {kind}" for kind, number in narration.counts) or "nothing"
    pieces = counted(sum(number for _, number in narration.counts), "piece")
    yield f"would be told in words: {counted(len(narration.text), 'character')}, {pieces} replaced ({said})"
    before, after = narration.written.splitlines(), narration.text.splitlines()
    every = max(len(before), len(after))
    for line in list(difflib.unified_diff(before, after, lineterm="", n=every))[3:] or [
        f" {one}" for one in after
    ]:
        yield f"  {line[:1]} {line[1:]}"
    yield from open_doubts(narration.text, narration.doubts)
    if narration.stays:
        yield f"{STAYS}: {', '.join(narration.stays)}"
    yield _TOLD


def beside_it(
    house: House, classifier: Classifier, prepared: Prepared, text: str, parsed: argparse.Namespace
) -> Prepared:
    """The draft with the text beside it, whatever is open in that decided by the person at the terminal."""
    given = answers(parsed)
    found = worded(house, classifier, prepared, text, given)
    narration = found.draft.narration
    if narration and narration.doubts and attended(parsed) and not parsed.dry_run:
        return worded(house, classifier, prepared, text, _asked(narration, given))
    return found


def _asked(narration: Narration, given: Answers) -> Answers:
    """The answers with those that a person gives to what is still open."""
    said = {one: around(narration.text, one) for one in narration.doubts}
    keep = [one for one, words in said.items() if agreed(f"{words}   Is {one} the attacker's?")]
    drop = [one for one in narration.doubts if one not in keep]
    return msgspec.structs.replace(given, keep=(*given.keep, *keep), drop=(*given.drop, *drop))


def around(text: str, placeholder: str) -> str:
    """A placeholder where it stands first, with the words beside it."""
    at = text.index(placeholder)
    first, last = max(0, at - _AROUND), at + len(placeholder) + _AROUND
    return " ".join(f"{'…' if first else ''}{text[first:last]}{'…' if last < len(text) else ''}".split())


def open_doubts(text: str, doubts: Iterable[str]) -> list[str]:
    """Each doubt with the words around it, under one line that says what to do."""
    shown = [f"  {around(text, one)}" for one in doubts]
    return [f"{DOUBTS}:", *shown] if shown else []
