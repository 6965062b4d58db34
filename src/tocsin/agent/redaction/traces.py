# SPDX-License-Identifier: Apache-2.0
"""What in an attacker's value tells who was attacked: the victim's names and addresses, and marks made for one reader.

Phishing is addressed: links carry the reader's mail address, return paths carry it too (VERP), and opaque tokens let
the sender look up whom a link was made for. An attacker who reads the alliance's stream would learn from them who
told, whatever the class of the report.

Traces are looked for in every reading of the text that `tocsin.domain.folding` knows. Longer ones are found anywhere,
shorter ones (under `SHORTEST_INSIDE`) only as whole words, or as two neighbouring words joined. Digests of the
addresses are looked for as well, and every spelling of the recipients' names (`tocsin.agent.readers.people`).

Host names are lower case, so base64 in one cannot be decoded: the beginnings of the traces are encoded instead, once
and twice, and looked for, whatever separates them. So with base85, of which any text could be a part.

A name cut short is found as a word of its own, from five letters and three fifths of it on.

What this cannot see: a name that is not configured, not in the recipients' fields and not behind a greeting; one
without its vowels or cut short inside of another word; and a token that looks like a word.
"""

import re
from base64 import a85encode, b64encode, b85encode
from functools import lru_cache
from hashlib import md5, sha1, sha256
from itertools import pairwise, permutations
from math import ceil

from tocsin.agent.readers.people import is_ordinary, says_what_one_is, spellings_of
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.assets import Assets, covering, is_generic
from tocsin.agent.redaction.bystanders import Bystanders
from tocsin.domain.folding import TooMuchHidden, plain, squeeze, unfold, words
from tocsin.domain.linter import MAIL_ADDRESS
from tocsin.wire.registrable import registrable

SHORTEST_INSIDE = 5
"""Characters from which a trace is looked for inside of words."""
LONG_RUN = 12
"""Characters from which a run of letters with two digits or more is taken for a mark."""
SHORT_RUN = 8
"""The same for a run that changes often between letters, digits and capitals."""
LONG_NUMBER = 9
"""Digits from which a number is."""
DIGITS_OF_ONE = 5
"""Digits from which a query is taken for one reader's."""
MAX_RECIPIENTS = 200
TOO_MUCH = "too much that is hidden"
"""The answer for a text that cannot be looked through to its end: it tells, until a person says that it does not."""

_LOWERED = 6
"""Characters of base64 that `SHORTEST_INSIDE` letters decide wholly, wherever they stand in a group of three; those
characters decide as many when they are encoded again.
"""
_BASE85 = 5
"""Characters of base85 that four letters decide."""
_SHORTENED = 0.6
"""Part of a name from which a word that begins it is taken for it: ``santan``, ``lloyd``; but not ``sant``."""
_ENCODED = 7
"""Letters of which four in a row are a whole group, wherever they stand."""
_RFC1924 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_TO_Z85 = bytes.maketrans(_RFC1924, _Z85)
_NO_DIGIT = re.compile(r"[^a-z0-9]+")
_RUN = re.compile(r"[A-Za-z0-9]+")
_CHANGE = re.compile(
    r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[a-z])"
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SHORT_DATE = re.compile(r"(?<!\d)\d{1,2}([./-])\d{1,2}\1\d{2}(?!\d)")


class Traces:
    """Everything that would give the victim of one case away."""

    def __init__(
        self,
        assets: Assets,
        recipients: tuple[str, ...] = (),
        names: tuple[str, ...] = (),
        numbers: tuple[str, ...] = (),
    ) -> None:
        """`names` and `numbers` are what the mail calls its recipients and tells them."""
        self._inside: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._lowered: dict[str, str] = {}
        self._base85: dict[str, str] = {}
        self._own = assets.domains
        for name in assets.names:
            self._add_name(name, "your institution's name")
        for domain in assets.domains:
            self._add(domain, "your domain")
        for address in (*assets.addresses, *recipients[:MAX_RECIPIENTS]):
            self._add_address(address.lower())
        for address in recipients[:MAX_RECIPIENTS]:
            self._add_mailbox(address.lower().rpartition("@")[0])
        for name in names[:MAX_RECIPIENTS]:
            self._add_mailbox(name)
        for number in numbers[:MAX_RECIPIENTS]:
            self._add_number(number)

    @classmethod
    def of(cls, assets: Assets, reading: Reading) -> "Traces":
        """The traces of one institution and of everybody to whom a file was written."""
        return cls(assets, reading.recipients, reading.recipient_names, reading.recipient_numbers)

    def found_in(self, text: str) -> str | None:
        """What of the victim a text gives away, however encoded; None when nothing is found."""
        try:
            views = unfold(text)
        except TooMuchHidden:
            return TOO_MUCH
        bare = _NO_DIGIT.sub("", text.lower())
        for hidden in self._lowered.keys() & _windows(bare, _LOWERED):
            return self._lowered[hidden]
        return next(filter(None, map(self._told_in, views)), None)

    def _told_in(self, view: str) -> str | None:
        """The same for one reading of a text."""
        if "@" in view and MAIL_ADDRESS.search(view):
            return "a mail address"
        for hidden in self._base85.keys() & _windows(view, _BASE85):
            return self._base85[hidden]
        parts = words(view)
        joined = "".join(parts)
        for trace, what in self._inside.items():
            if trace in joined:
                return what
        for word in self._words.keys() & {*parts, *(one + other for one, other in pairwise(parts))}:
            return self._words[word]
        return None

    def _add(self, text: str, what: str) -> None:
        trace = squeeze(text)
        if len(trace) >= SHORTEST_INSIDE:
            self._inside.setdefault(trace, what)
            begun = text.strip().lower()
            for hidden in _lowered_base64(begun[:SHORTEST_INSIDE]):
                self._lowered.setdefault(hidden, what)
            for hidden in _base85(begun[:_ENCODED]):
                self._base85.setdefault(hidden, what)
        elif trace:
            self._words.setdefault(trace, what)

    def _add_name(self, text: str, what: str) -> None:
        """A name of one word, whole or cut short; what is left may not be a word that stands in most links."""
        self._add(text, what)
        name = _NO_DIGIT.sub("", plain(text))
        for length in range(max(SHORTEST_INSIDE, ceil(len(name) * _SHORTENED)), len(name)):
            begun = name[:length]
            if not is_ordinary(begun) and not is_generic(begun):
                self._words.setdefault(squeeze(begun), what)

    def _add_address(self, address: str) -> None:
        domain = address.rpartition("@")[2]
        self._add(address, "a recipient's address")
        for digest in (md5, sha1, sha256):
            self._add(digest(address.encode(), usedforsecurity=False).hexdigest(), "a recipient's address")
        if covering(domain, self._own) or Bystanders.shipped().of_name(domain):
            return
        self._add(domain, "a recipient's domain")
        label = (registrable(domain) or "").partition(".")[0]
        if len(label) > 2:
            self._add_name(label, "a recipient's domain")

    def _add_mailbox(self, name: str) -> None:
        """A person's name, or the part of an address that often is one (``helen.marsh``, ``hm17``)."""
        for spelling in spellings_of(name):
            self._add_name(spelling, "a recipient's name")
        whole = re.sub(r"[\W_]+", "", name)
        if (
            len(whole) > 2
            and not says_what_one_is(whole)
            and not is_ordinary(whole)
            and any(map(str.isdigit, whole))
        ):
            self._add(name, "a recipient's name")

    def _add_number(self, number: str) -> None:
        """A number as it is told, or a date of three numbers in any order of them."""
        parts = re.findall(r"\d+", number)
        for order in permutations(parts) if len(parts) == 3 else ():
            self._add("".join(order), "a number that the mail tells its reader")
        self._add(number, "a number that the mail tells its reader")


@lru_cache(maxsize=4_096)
def _lowered_base64(start: str) -> frozenset[str]:
    """What the first letters of a text leave in base64, once and twice, that was put in lower case."""
    once = {run for form in _spelled(start) if len(form) == SHORTEST_INSIDE for run in _base64_runs(form)}
    twice = {run for form in once for run in _base64_runs(form)}
    return frozenset(run.decode().lower() for run in once | twice if run.isalnum())


def _base64_runs(text: bytes) -> list[bytes]:
    """What a text decides in base64, at each place in a group of three."""
    return [
        b64encode(bytes(before) + text)[skipped : skipped + _LOWERED]
        for before, skipped in ((0, 0), (1, 2), (2, 3))
    ]


@lru_cache(maxsize=4_096)
def _base85(start: str) -> frozenset[str]:
    """What the first letters of a text leave in base85 of any alphabet: whole groups of four of them."""
    groups = {form[at : at + 4] for form in _spelled(start) for at in range(min(4, len(form) - 3))}
    ascii85 = {a85encode(group) for group in groups if len(group) == 4}
    others = {b85encode(group) for group in groups if len(group) == 4}
    return frozenset(one.decode() for one in ascii85 | others | {one.translate(_TO_Z85) for one in others})


def _spelled(start: str) -> set[bytes]:
    """The cases in which a name is written."""
    return {form.encode() for form in (start, start.capitalize(), start.upper())}


def _windows(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def numbered(query: str) -> str | None:
    """Why the query of a URL may have been made for one reader by a number in it; None when it has too few digits.

    A customer number or a birth date finds its reader in a bank's own list: whoever passes ``?kdnr=88213`` or
    ``?geb=1978-04-02`` on has told who was attacked. Five digits tell 100,000 people apart, a small bank's customers.
    They are counted in all, because dates are split over parameters; a date of two-digit numbers counts as well. What
    is lost is little: the query of a phish names a campaign or a reader, hardly ever the page; host and path leave.
    Digits that encode something else (``%20``) do not count; those that base64 hides do.
    """
    try:
        views = unfold(query)
    except TooMuchHidden:
        return TOO_MUCH
    for view in views:
        text = _ESCAPE.sub("", view)
        if sum(map(str.isdigit, text)) >= DIGITS_OF_ONE or _SHORT_DATE.search(text):
            return "a number that may identify the recipient"
    return None


def opaque(text: str) -> str | None:
    """Why a text holds a mark that may have been made for one reader; None when it reads like words.

    A mark is a run of letters and digits that is long and holds digits, or changes often between letters, digits and
    capitals: ``8f3a9c2e``, ``zWLCtXdHlc``, ``123456789``; not ``resgate2024`` and not ``SecureLogin``.
    """
    for run in _RUN.findall(text):
        digits = sum(map(str.isdigit, run))
        changes = len(_CHANGE.findall(run))
        if (
            (digits == len(run) and digits >= LONG_NUMBER)
            or (2 <= digits < len(run) >= LONG_RUN)
            or (changes >= (3 if digits else 4) and len(run) >= SHORT_RUN)
        ):
            return "a mark that may identify the recipient"
    return None
