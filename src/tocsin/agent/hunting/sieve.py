# SPDX-License-Identifier: Apache-2.0
"""Which lines of a block of text are worth reading exactly: nearly none are, and this says so cheaply.

A block is cut and looked up by numpy, piece by piece (`piece.py`, `fingerprints.py`). A line is let through when it
holds a known host or digest, or a name below a known one, or an address in a known network; or the host of a known URL
or mail address, whose other part may stand in another field; or a backslash, behind which JSON may hide a letter. More
lines may be let through than there are hits, and never fewer: whoever asks reads them again
(`tocsin.agent.hunting.records`).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from tocsin.agent.hunting.fingerprints import MAX_PIECE, Fingerprints, Places
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.piece import Piece
from tocsin.agent.hunting.words import SEPARATORS, value_of
from tocsin.domain.observable import DIGESTS, Kind, host_of

_TABLE = bytes(
    ord(" ") if chr(code) in SEPARATORS else ord(chr(code).lower()) if code < 128 else code
    for code in range(256)
)
"""Cuts at the separators, and lowers letters."""
_PRINTED = DIGESTS | {Kind.DOMAIN, Kind.IPV4}


class Sieve:
    """For one index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._wide = index.hosts()
        """What a word may be on that is known only with its other part."""
        self._known = Fingerprints([*self._wide, *index.texts(_PRINTED)])

    def lines(self, block: bytes) -> Iterator[tuple[int, int]]:
        """Where the lines that are worth reading begin and end, in their order; they lie between newlines."""
        ends, found = self._lines(block)
        starts = np.append(0, ends + 1)
        stops = np.append(ends, len(block))
        return zip(starts[found].tolist(), stops[found].tolist(), strict=True)

    def texts(self, texts: Sequence[str]) -> list[int]:
        """Which of the texts hold what a line is let through for; a text may have several lines."""
        block = "\n".join(texts)
        if block.count("\n") != len(texts) - 1:
            block = "\n".join(text.replace("\n", " ") for text in texts)
        found: list[int] = self._lines(block.encode())[1].tolist()
        return found

    def _lines(self, block: bytes) -> tuple[Places, Places]:
        """Where newlines are, and the numbers of the lines that are let through."""
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        cut, start, places = block.translate(_TABLE), 0, [np.empty(0, np.intp)]
        while start < len(cut):
            stop = start + MAX_PIECE
            if stop < len(cut):  # a word that is longer than a piece is no value
                stop = cut.rfind(b" ", start, stop) + 1 or stop
            places.append(self._places(Piece(cut[start:stop])) + (start - 1))
            start = stop
        return ends, np.unique(np.searchsorted(ends, np.concatenate(places)))

    def _places(self, piece: Piece) -> Places:
        """Where in a piece something stands that its line is let through for."""
        odd = [start for start, word in piece.odd_words() if self._is_odd_hit(word)]
        found = [piece.hidden(), np.array(odd, np.intp)]
        if self._index.networks:
            addresses, numbers = piece.addresses()
            found.append(addresses[self._index.networks.meet(numbers)])
        for starts, prints in (piece.hosts(), piece.digests()):
            found.append(starts[self._known.known(prints)])
        return np.concatenate(found)

    def _is_odd_hit(self, word: bytes) -> bool:
        """Of a word that has to be put in normal form first."""
        seen = value_of(word.decode("utf-8", "replace"))
        return seen is not None and (host_of(seen) in self._wide or bool(self._index.match(seen)))
