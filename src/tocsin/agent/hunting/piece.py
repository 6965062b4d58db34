# SPDX-License-Identifier: Apache-2.0
"""A piece of a log, cut by numpy: where hosts and digests are in it, and words that must be read to know what they are.

A host is labels with dots between them, and ends where anything else stands: a blank, a colon, a slash, an at sign.
That says nothing of the word around it (`tocsin.agent.hunting.words`), so more is found here than values, never less:

==========================  ===================================================================================
names                       as they are, and each part behind a dot
IPv4 addresses              as names, and as numbers
digests                     by their length
IPv6 addresses              words with two colons together, or six that are as near as its parts are
numbers that stand for      words with a host whose last label begins with a digit, and that is no address, where a
an address                  browser would take it for one
names in other letters      words with a byte beyond ASCII, a percent sign, or ``xn--``
==========================  ===================================================================================
"""

import re

import numpy as np
import numpy.typing as npt

from tocsin.agent.hunting.fingerprints import Numbers, Places, Sums
from tocsin.agent.hunting.words import DIGEST_LENGTHS

_PLAIN, _DOT, _BLANK, _COLON, _HIDES, _ODD, _OTHER = range(7)
_KINDS = bytes(
    {".": _DOT, " ": _BLANK, ":": _COLON, "\\": _HIDES, "%": _ODD}.get(
        sign := chr(code),
        _ODD if code > 127 else _PLAIN if sign.isalnum() or sign in "-_" else _OTHER,
    )
    for code in range(256)
)
"""Of each byte; letters are small, and every separator is a blank."""
_IS_DIGEST = np.array([length in DIGEST_LENGTHS for length in range(max(DIGEST_LENGTHS) + 2)])
_ENCODED = re.compile(b"xn--")
_SIX_COLONS = 5 * 5
"""Bytes from the first to the last of six colons in an address (RFC 4291 §2.2), at most."""
_ENDS_HOST = np.isin(np.arange(256), list(b":/?#"))
"""Of each byte, whether it may stand behind the host of a URL."""
_ZERO, _SLASH, _AT = b"0/@"
_BEFORE_HOST = np.isin(np.arange(256), list(b"/@="))
"""Of each byte, whether a host may begin behind it within a word, or a page."""


class Piece:
    """At most `MAX_PIECE` bytes in small letters, with a blank wherever a word ends. Places in it count from 1."""

    def __init__(self, text: bytes) -> None:
        self._text = b" %b " % text
        self._bytes = np.frombuffer(self._text, np.uint8)
        kinds = np.frombuffer(self._text.translate(_KINDS), np.uint8)
        self._marks = np.flatnonzero(kinds != _PLAIN)
        """Where a label ends, or something else does."""
        self._kinds = kinds[self._marks]
        self._lengths = np.diff(self._marks) - 1
        """Of the labels between them."""
        self._joins = self._kinds == _DOT
        """Which of them have a label of the same host on either side."""
        self._joins[1:-1] &= (self._lengths[1:] > 0) & (self._lengths[:-1] > 0)
        self._ends = np.flatnonzero(~self._joins)
        self._sums = Sums(self._bytes)

    def hosts(self) -> tuple[Places, Numbers]:
        """Where each label begins that another one follows, and the fingerprint from there to the end of its host."""
        labels = np.flatnonzero(self._joins) - 1
        stops = self._ends[np.cumsum(~self._joins)[labels]]
        return self._printed(labels, stops)

    def digests(self) -> tuple[Places, Numbers]:
        """Where something begins that is as long as a digest, and its fingerprint."""
        labels = np.flatnonzero(_IS_DIGEST[np.minimum(self._lengths, len(_IS_DIGEST) - 1)])
        return self._printed(labels, labels + 1)

    def addresses(self) -> tuple[Places, Numbers]:
        """Where an IPv4 address begins, and its number."""
        labels = self._fours()
        numbers, sound = np.zeros(len(labels), np.uint64), np.ones(len(labels), bool)
        for part in range(4):
            octets, are_octets = self._octets(labels + part)
            numbers = numbers << np.uint64(8) | octets
            sound &= are_octets
        return self._marks[labels[sound]] + 1, numbers[sound]

    def hidden(self) -> Places:
        """Where a backslash stands, behind which JSON may hide a letter."""
        found: Places = self._marks[self._kinds == _HIDES]
        return found

    def odd_words(self) -> list[tuple[int, bytes]]:
        """Words that say only by their whole what they are, and where they begin."""
        encoded = [found.start() for found in _ENCODED.finditer(self._text)]
        places = np.concatenate((self._letters(), self._sixes(), self._numbers(), np.array(encoded, np.intp)))
        if not len(places):
            return []
        blanks = self._marks[self._kinds == _BLANK]
        stops = np.unique(np.searchsorted(blanks, places))
        spans = zip((blanks[stops - 1] + 1).tolist(), blanks[stops].tolist(), strict=True)
        return [(start, self._text[start:stop]) for start, stop in spans]

    def _printed(self, labels: Places, stops: Places) -> tuple[Places, Numbers]:
        starts = self._marks[labels] + 1
        return starts, self._sums.of(starts, self._marks[stops])

    def _fours(self) -> Places:
        """The first labels of hosts that have four."""
        joins = self._joins
        return np.flatnonzero(joins[1:-3] & joins[2:-2] & joins[3:-1] & ~joins[:-4] & ~joins[4:])

    def _octets(self, labels: Places) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """What labels are as numbers, and which are such as an address is made of: 0 to 255, without leading zeros."""
        stops, lengths = self._marks[labels + 1], self._lengths[labels]
        octets, sound = np.zeros(len(labels), np.uint64), lengths <= 3
        for place in range(3):
            digits = self._bytes[stops - 1 - place] - np.uint8(_ZERO)
            is_there = lengths > place
            sound &= ~is_there | (digits < 10)
            octets += np.where(is_there, digits, 0) * np.uint64(10**place)
        return octets, sound & (octets < 256) & ((lengths == 1) | (self._bytes[stops - lengths] != _ZERO))

    def _letters(self) -> Places:
        """Bytes that no host is written with, where one may be: behind no slash of their word but a double one, or
        behind a sign that a host follows.
        """
        odd: Places = self._marks[self._kinds == _ODD]
        if not len(odd):
            return odd
        signs = self._marks[_BEFORE_HOST[self._bytes[self._marks]]]
        sign = np.append(0, signs)[np.searchsorted(signs, odd)]
        blanks = self._marks[self._kinds == _BLANK]
        is_same_word = sign > blanks[np.searchsorted(blanks, odd) - 1]
        is_page = (self._bytes[sign] == _SLASH) & (self._bytes[sign - 1] != _SLASH)
        found: Places = odd[~(is_same_word & is_page)]
        return found

    def _sixes(self) -> Places:
        colons = self._marks[self._kinds == _COLON]
        return np.concatenate(
            (colons[:-1][np.diff(colons) == 1], colons[:-5][colons[5:] - colons[:-5] <= _SIX_COLONS])
        )

    def _numbers(self) -> Places:
        """Hosts that a browser may take for an address: their last label begins with a digit."""
        last = self._ends[1:] - 1
        are = np.flatnonzero(self._bytes[self._marks[last] + 1] - np.uint8(_ZERO) < 10)
        last, before = last[are], self._marks[self._ends[are]]
        in_url = self._bytes[before] == _AT
        in_url |= (self._bytes[before] == _SLASH) & (self._bytes[before - 1] == _SLASH)
        in_url |= (self._ends[are] != last) & _ENDS_HOST[self._bytes[self._marks[last + 1]]]
        starts = before[in_url] + 1
        return np.setdiff1d(starts, self.addresses()[0]) if len(starts) else starts
