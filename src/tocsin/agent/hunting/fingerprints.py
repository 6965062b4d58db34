# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of a million known texts, and of all parts of a log that may be one of them, by numpy.

The fingerprint of bytes b0 b1 b2 … is b0 + b1·B + b2·B² + … modulo 2^64 (Karp and Rabin, 1987). A log is added up once;
then that of any part is one subtraction and one multiplication, so a name is asked about with all that is above it
and no text is copied. What is known is asked of a Bloom filter in words of 64 bits first (Putze, Sanders and Singler,
2007), which a processor's cache holds, and of a sorted array for the few that it lets through.

Two texts may have the same fingerprint, and who wants to finds such: a hit here is a reason to look, and no more.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

MAX_PIECE = 2**17
"""Bytes that are added up at once: with what is worked out of them they stay in a processor's cache."""
_BASE = 0x9E37_79B9_7F4A_7C15
_POWERS, _INVERSES = (
    np.multiply.accumulate(np.full(MAX_PIECE + 2, base, np.uint64)) for base in (_BASE, pow(_BASE, -1, 2**64))
)
_SPREAD = np.uint64(0xD6E8_FEB8_6659_FD93)
_EACH = 32
"""Bits for each known text."""
_MARKS = 4
"""Of them that are set, all in one word."""
_BATCH = 500
"""Known texts of at most 253 bytes (RFC 1035 §2.3.4) that are added up at once."""


class Sums:
    """Running sums over a text that begins with a byte that is no part of anything."""

    def __init__(self, text: npt.NDArray[np.uint8]) -> None:
        self._sums = np.cumsum(np.multiply(text, _POWERS[: len(text)], dtype=np.uint64))

    def of(self, starts: Places, stops: Places) -> Numbers:
        """The fingerprints of these parts."""
        made: Numbers = (self._sums[stops - 1] - self._sums[starts - 1]) * _INVERSES[starts]
        return made


class Fingerprints:
    """Of known texts, each of at most 253 bytes and without blanks."""

    def __init__(self, texts: Sequence[str]) -> None:
        batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
        words = max(8, len(texts) * _EACH // 64 - 1).bit_length()
        self._shift = np.uint64(64 - words)
        self._filter = np.zeros(2**words, np.uint64)
        made = [_made(batch) for batch in batches]
        self._sorted = np.unique(np.concatenate(made)) if made else np.empty(0, np.uint64)
        np.bitwise_or.at(self._filter, *self._marks(self._sorted))

    def known(self, prints: Numbers) -> Places:
        """Which of these are those of known texts."""
        words, marks = self._marks(prints)
        maybe: Places = np.flatnonzero(self._filter[words] & marks == marks)
        if not len(maybe):
            return maybe
        asked = prints[maybe]
        at = np.minimum(np.searchsorted(self._sorted, asked), len(self._sorted) - 1)
        found: Places = maybe[self._sorted[at] == asked]
        return found

    def _marks(self, prints: Numbers) -> tuple[Numbers, Numbers]:
        """The word of the filter that says so, and the bits in it."""
        spread = prints * _SPREAD
        bits = np.zeros(len(prints), np.uint64)
        for mark in range(_MARKS):
            bits |= np.uint64(1) << (spread >> np.uint64(6 * mark + 8) & np.uint64(63))
        return spread >> self._shift, bits


def _made(texts: Sequence[str]) -> Numbers:
    text = np.frombuffer(f" {' '.join(texts)} ".encode(), np.uint8)
    blanks = np.flatnonzero(text == ord(" "))
    return Sums(text).of(blanks[:-1] + 1, blanks[1:])
