# SPDX-License-Identifier: Apache-2.0
"""What a redactor did to the texts of `texts/`, counted by place.

A span is hidden when nothing of it survives there but titles, endings and single letters; kept when every byte does;
coarsened when nothing of its figures does.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec
from tests.corpus.texts import Bank, Span, Text

from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.config.agent import OwnAssets

_TITLES = frozenset(
    [
        "veuve",
        "née",
        "mr",
        "mrs",
        "ms",
        "sir",
        "rev",
        "dr",
        "prof",
        "med",
        "sig",
        "ra",
        "bey",
        "hanım",
        "hanim",
        "hr",
        "frau",
        "herr",
        "herrn",
        "pan",
        "pani",
        "mw",
        "m",
        "mme",
        "mlle",
        "don",
        "doña",
        "bt",
        "la",
        "el",
        "le",
        "the",
        "van",
        "von",
        "de",
        "der",
        "na",
        "iii",
        "jr",
        "sra",
        "sr",
        "avv",
        "ing",
        "dott",
        "ssa",
        "signora",
        "signor",
        "meneer",
        "maître",
        "professor",
        "tante",
        "ms",
        "κύριος",
        "κυρία",
        "κ",
    ]
)
_ADDRESS_FORMS = re.compile(
    "さん|様|氏|課長|部長|先生|女士|小姐|经理|대리님|대리|과장|님|씨|고객|الأستاذة|السيدة|السيد|د\\.|أم|أبو|श्रीमती|श्री|जी|מר|גב'"
)
_RUN = re.compile(r"[^\W_]+")


class Tally(msgspec.Struct):
    """How many spans of each kind there were, and how many of them came out as they should."""

    there: Counter[str]
    right: Counter[str]
    wrong: list[tuple[str, Span, str]]

    def share(self, kind: str) -> float:
        """The part that came out right, between 0 and 1."""
        return self.right[kind] / self.there[kind]


def declared(bank: Bank) -> OwnAssets:
    """What a bank of the corpus tells its agent of itself."""
    return OwnAssets(
        legal_name=bank.legal_name,
        aliases=bank.aliases,
        domains=bank.domains,
        networks=bank.networks,
        bic=(bank.bic,),
        iban=bank.iban,
        bin=bank.bin,
        internal_hosts=bank.internal_hosts,
        staff=bank.staff,
    )


def score(texts: Iterable[Text], banks: dict[str, Bank]) -> Tally:
    """Redact every text and look at every place."""
    tally = Tally(Counter(), Counter(), [])
    for text in texts:
        redacted = redact_text(text.text, declared(banks[text.bank]))
        gone = [False] * len(text.text)
        for mark in redacted.marks:
            gone[mark.start : mark.end] = [True] * (mark.end - mark.start)
        for task, span, left in _left(text, gone):
            name = f"{task} {span.kind}"
            tally.there[name] += 1
            if _is_right(task, span, left, gone):
                tally.right[name] += 1
            else:
                tally.wrong.append((text.id, span, f"{task}: {left!r}"))
    return tally


def _left(text: Text, gone: list[bool]) -> Iterator[tuple[str, Span, str]]:
    for task, spans in (("hide", text.hide), ("keep", text.keep), ("coarsen", text.coarsen)):
        for span in spans:
            left = "".join("\0" if gone[at] else text.text[at] for at in range(span.start, span.end))
            yield task, span, left


def _is_right(task: str, span: Span, left: str, gone: list[bool]) -> bool:
    if task == "keep":
        return "\0" not in left
    if task == "coarsen":
        return not any(map(str.isdigit, left)) and "\0" in left
    return not tells(span, left)


def tells(span: Span, left: str) -> bool:
    """Whether a run of what identifies survives: two letters or more, a sign, a figure; no title, no ending."""
    if span.kind == "person":
        left = _ADDRESS_FORMS.sub(" ", left)
    for run in _RUN.finditer(left):
        word = run[0].lower()
        if word in _TITLES or (len(word) < 2 and word.isalpha() and ord(word) < 0x3000):
            continue
        ending = run.start() > 0 and left[run.start() - 1] in "\0'’-" and "\0" in left[: run.start()]
        if ending and len(word) <= 4 and word.isalpha() and ord(word[0]) < 0x3000:
            continue
        return True
    return False
