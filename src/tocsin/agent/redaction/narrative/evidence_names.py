# SPDX-License-Identifier: Apache-2.0
"""Names that are evidence: malware, kits and actors, known ones and new ones, and the subject lines of the attack.

A new name is known by its shape (a capital letter inside, *Typhoon* behind), by the word before it ("the kit",
"Gruppe", "campaña") or behind it ("ransomware", "-style"), or as a Latin word in a text of another script. Subject
lines, and what is quoted of a message, are guarded as a whole: people in them are found only by what is sure.
"""

import re
from collections.abc import Iterator

from tocsin.agent.redaction.narrative.known import is_ordinary
from tocsin.agent.redaction.narrative.lists import given_names, one_of, starting, threats
from tocsin.agent.redaction.narrative.marks import UNCASED, Board
from tocsin.agent.redaction.narrative.quotes import quoted_in
from tocsin.domain.folding import plain

_SHORT = 5
_QUOTES = "\"“”„«»‚‘「『【〈'"
_CAPITAL = r"[A-ZÀ-ÞΑ-ΩА-ЯЇІЄҐ][\w.$-]*[\w$]"
_NAME = rf"(?:{_CAPITAL}(?:[ ](?:{_CAPITAL}|v?\d[\d.]*\w?)){{0,2}}|[A-Za-z](?=\w*[\d_])\w*+)"
_QUOTED = re.compile(
    rf"{starting('before_threats')}\D{{0,28}}?[{_QUOTES}][ ]?([^\n{_QUOTES}]{{2,40}}?)[ ]?[{_QUOTES}”»」』】]"
)
_QUOTED_BEHIND = re.compile(
    rf"[{_QUOTES}][ ]?([^\n{_QUOTES}]{{2,40}}?)[ ]?[{_QUOTES}”»」』】]\s?(?:{one_of('behind_threats')})(?!\w)"
)
_BEFORE = re.compile(
    rf"{starting('before_threats_bare')}(?:\s(?:{one_of('between_threats')}))?[\s:の]{{1,3}}"
)
_NAMED = re.compile(_NAME)
_BEHIND = re.compile(
    rf"(?<![\w.])({_NAME})(?:[ \u00a0](?i:{one_of('behind_threats')})(?!\w)|-(?i:{one_of('joined_threats')}))"
)
_SHAPES = re.compile(
    r"(?<![\w@.-])(?!(?:Mc|Mac|De|La|Le|Di|Fitz|Van|O|Al|El|Ben)[A-Z])"
    r"(?:[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+[A-Z]{0,3}\d*|[a-z][A-Z][a-z]+[A-Za-z]*"
    rf"|[A-Z]\w+[ ](?:{one_of('actor_families')})|[A-Z]?[a-z]{{2,14}}(?:{one_of('malware_endings')})\d?"
    r"|[A-Z][a-z]{1,14}(?:RAT|C2))(?!\w)"
)
_LATIN = re.compile(
    r"(?<![A-Za-z0-9_.@/-])(?<![A-Za-z] )([A-Z][A-Za-z]{3,20})"
    r"(?![A-Za-z0-9_.@/-]|[ ]?[A-Z]|\s?(?:님|씨|さん|様|氏|先生|女士|小姐|जी))"
)
_CASED = re.compile(r"[A-Za-zÀ-ɏͰ-ӿ]")
_UNCASED = re.compile(rf"[{UNCASED}]")
_WORD = re.compile(r"(?<![^\W_a-zA-Z0-9])[A-Za-z0-9][A-Za-z0-9$()-]*(?:\s\d\.\d)?|[A-Z][A-Za-z0-9]+")
_FAMILY = re.compile(r"[ ]([A-ZÀ-Þ][^\W\d_A-Z]{2,})(?![\w.])")
_SUBJECT = re.compile(
    rf"{starting('subject_words')}(?:(?:[\s-][^\s:：{_QUOTES}]{{1,20}}){{0,3}}?\s?[:：]?\s?[{_QUOTES}]([^\n]{{2,160}}?)[{_QUOTES}”“»」』】](?!\w)"
    rf"|(?:\s(?:{one_of('between_subject')})){{0,3}}\s?[:：]?\s?"
    rf"(?:(?<=[:：]\s)([^\n{_QUOTES}]{{2,160}}?)(?=\n|$|[.!?;]\s)|(?<=\s)([^\W\d_][^\n\"“”„«»;]{{4,120}}?)(?=[\n;]|$|[.!?]\s)))"
)
_MESSAGE = re.compile(starting("message_words"))
_TOLD_AFTER = re.compile(rf"[”“»」』\"]?\s?(?:{one_of('behind_subject')})")
_WORDS = re.compile(r"[^\W\d_]{2}\s[^\W\d_]")
_SENTENCES = re.compile(r"[.!?]\s+[^\W\d_]|\d{5}|\d[\d -]{6}\d")
"""What a subject line seldom has: a second sentence, a long number."""
_UNMARKED = 3
"""The group of a subject line without quotation marks and colon: it must begin with a capital letter."""
_NEAR = 45
"""Characters before a quotation in which a word says that it is a message's."""


def find_evidence_names(board: Board) -> None:
    """Keep the names of what attacks; guard the words that the attacker wrote."""
    text = board.text
    for start, end in (*_told(board), *_known(text), *_shaped(text)):
        board.keep(start, end)
    for found in _SUBJECT.finditer(board.small):
        if found.lastindex != _UNMARKED or text[found.start(_UNMARKED)].isupper():
            board.guard(*found.span(found.lastindex or 0))
    for start, end in quoted_in(text):
        if _SENTENCES.search(text, start, end):
            continue
        before = max(0, start - _NEAR)
        if _MESSAGE.search(board.small, before, start) or _TOLD_AFTER.match(board.small, end):
            board.guard(start, end)
        elif _WORDS.search(text, start, end) and not _is_name(text[start:end]):
            board.guard(start, end, quoted=True)


def _is_name(quoted: str) -> bool:
    """Whether what is quoted may be somebody's name: two words or three, each with a capital letter."""
    parts = quoted.split()
    return len(parts) <= 3 and all(part[0].isupper() for part in parts)


def _known(text: str) -> Iterator[tuple[int, int]]:
    """Names that public reports know, of up to three words; in small letters only longer ones, and none of people."""
    spelled = list(_WORD.finditer(text))
    for at, word in enumerate(spelled):
        start = word.start()
        for last in reversed(spelled[at : at + 3]):
            phrase = text[start : last.end()].lower().rstrip(")-")
            if phrase not in threats() and last is word:
                phrase = phrase.split("-")[0]
            if phrase in threats() and (not word[0][0].islower() or len(phrase) > _SHORT):
                if last is not word or not _is_given(text, word):
                    yield start, start + len(phrase)
                break


def _is_given(text: str, word: re.Match[str]) -> bool:
    """Whether a word stands before another with a capital letter that is not ordinary, as a given name does."""
    family = _FAMILY.match(text, word.end())
    return (
        family is not None
        and word[0].isalpha()
        and not is_ordinary(family[1])
        and family[1].lower() not in threats()
    )


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    for found in _SHAPES.finditer(text):
        if not is_ordinary(found[0]):
            yield found.span()
    if len(_UNCASED.findall(text)) > len(_CASED.findall(text)):
        for found in _LATIN.finditer(text):
            if not is_ordinary(found[1]) and plain(found[1]) not in given_names():
                yield found.span(1)


def _told(board: Board) -> Iterator[tuple[int, int]]:
    """Names that the words around them say to be evidence."""
    text = board.text
    for found in (*_QUOTED.finditer(board.small), *_QUOTED_BEHIND.finditer(board.small)):
        if len(found[1].split()) <= 4 and not text[found.start(1) : found.end(1)].islower():
            yield found.span(1)
    for found in _BEHIND.finditer(text):
        if not all(map(is_ordinary, found[1].split())):
            yield found.span(1)
    for cue in _BEFORE.finditer(board.small):
        named = _NAMED.match(text, cue.end())
        if (
            named
            and not all(map(is_ordinary, words := named[0].split()))
            and plain(words[0]) not in given_names()
        ):
            yield named.span()
