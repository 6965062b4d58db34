# SPDX-License-Identifier: Apache-2.0
"""What of a mail stays the same when it is sent to somebody else: its words, the order of its tags, its subject.

The words are those of the text that stand between blanks, in small letters and nothing but letters, in their order.
Whatever has a capital, a digit or another sign at it may name a person, a bank, a sum or a page, and is left out; so is
what the mail calls its recipients, with and without a capital. Of a text that has no such word, in a script without
capitals, they are the runs of its letters.

Of a mail around another mail (a forwarded phish) these are the inner one's: who passed it on is no part of it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.greeting import visible
from tocsin.agent.readers.people import is_ordinary, says_what_one_is
from tocsin.domain.mail_features import MAX_ATTACHMENTS, MAX_SUBJECT, MailFeatures

INNER = "forwarded mail: "
"""How `tocsin.agent.readers.mail` begins the places in the first mail inside a mail."""
MIN_WORDS = 80
"""Characters that the words must have together: of fewer, strangers' mails have the same."""
MIN_TAGS = 12
"""Tags of which there must be more."""
MIN_SUBJECT = 8
"""Letters of which a masked subject must have more."""
MAX_READ = 4_000
"""Characters of a text in which words are looked for: two pages."""
MAX_SOURCE = 60_000
"""Characters of one page in which tags are counted."""
MAX_PAGES = 5

_TEXT, _SHAPE = b"tocsin mail text 1\0", b"tocsin mail shape 1\0"
"""Before what is hashed: another definition has another number, and its digests meet none of these."""
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)")
_AROUND = ".,;:!?()[]{}<>\"'«»“”„‘’…*_|"
_UNCASED = re.compile(
    "(?:(?!\\d)[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])+"
)
"""Runs of letters in scripts that know no capitals."""
_NAMED = re.compile(r"[^\W\d_]{2,}")
_DIGIT = re.compile(r"\d")
_MASK = "#"
_MASKS = re.compile(r"#(?: #)+")


class Unchanging:
    """One mail's features, as its subject, texts and pages come in."""

    def __init__(self) -> None:
        self._subjects: dict[str, str] = {}
        self._texts: dict[str, list[str]] = {}
        self._pages: dict[str, list[tuple[str, str]]] = {}
        self._files: dict[str, dict[str, None]] = {}

    def subject(self, prefix: str, subject: str) -> None:
        """Take in a mail's subject; `prefix` says which mail it is."""
        if prefix in ("", INNER):
            self._subjects.setdefault(prefix, subject)

    def text(self, prefix: str, text: str) -> None:
        """Take in a plain text."""
        if prefix in ("", INNER):
            self._texts.setdefault(prefix, []).append(text)

    def page(self, prefix: str, source: str, text: str) -> None:
        """Take in an HTML text, as it was written and as it reads."""
        if prefix in ("", INNER) and len(pages := self._pages.setdefault(prefix, [])) < MAX_PAGES:
            pages.append((source, text))

    def file(self, prefix: str, digest: str) -> None:
        """Take in the SHA-256 of a file that is attached."""
        if prefix in ("", INNER) and len(files := self._files.setdefault(prefix, {})) < MAX_ATTACHMENTS:
            files[digest] = None

    def features(self, names: Iterable[str], addresses: Iterable[str]) -> MailFeatures:
        """What they come to, for recipients of these names and addresses."""
        prefix = INNER if INNER in self._subjects else ""
        called = naming(names, addresses)
        pages = self._pages.get(prefix, [])
        read = (self._texts.get(prefix, ()), [text for _, text in pages])
        digests = (text_digest(" ".join(some)[:MAX_READ], called) for some in read)
        return MailFeatures(
            text=next(filter(None, digests), ""),
            shape=shape_digest(source for source, _ in pages),
            subject=masked_subject(self._subjects.get(prefix, ""), called),
            attachments=tuple(self._files.get(prefix, ())),
        )


def naming(names: Iterable[str], addresses: Iterable[str]) -> frozenset[str]:
    """The words by which somebody is called, in small letters, without those that everybody uses."""
    said = (*names, *(address.partition("@")[0] for address in addresses))
    return frozenset(word for text in said for word in _NAMED.findall(text.lower()) if _names_somebody(word))


def words_of(text: str, called: frozenset[str]) -> str:
    """The words of a text that name nobody, each a blank apart."""
    seen = visible(text)
    plainly = filter(str.islower, filter(str.isalpha, seen.split()))
    words = [word for word in plainly if word not in called]
    if not (words or seen.isascii()):
        words = [word for word in _UNCASED.findall(seen) if word not in called]
    return " ".join(words)


def text_digest(text: str, called: frozenset[str]) -> str:
    """The digest of a text's words; empty when there are too few."""
    words = words_of(text, called)
    return sha256(_TEXT + words.encode("utf-8", "replace")).hexdigest() if len(words) > MIN_WORDS else ""


def shape_digest(sources: Iterable[str]) -> str:
    """The digest of the order of all tags; empty when there are too few."""
    tags = [tag for source in sources for tag in _TAG.findall(source, 0, MAX_SOURCE)]
    return sha256(_SHAPE + " ".join(tags).lower().encode()).hexdigest() if len(tags) > MIN_TAGS else ""


def masked_subject(subject: str, called: frozenset[str]) -> str:
    """A subject in small letters with whatever differs from reader to reader masked; empty when little is left."""
    words = visible(subject).lower().split()
    template = " ".join(_MASK if _is_masked(word, called) else word for word in words)
    letters = sum(map(str.isalpha, template))
    return plain(_MASKS.sub(_MASK, template), MAX_SUBJECT) if letters > MIN_SUBJECT else ""


def _is_masked(word: str, called: frozenset[str]) -> bool:
    return "@" in word or _DIGIT.search(word) is not None or word.strip(_AROUND) in called


@lru_cache(maxsize=4_096)
def _names_somebody(word: str) -> bool:
    return not (is_ordinary(word) or says_what_one_is(word))
