# SPDX-License-Identifier: Apache-2.0
"""Which blobs a slot had, in ten bits for each: a set that each sender looks for its own blob in, and asks nobody.

A blob's **mark** in a slot is a number below 256 · places, evenly drawn by a hash of the slot's salt and the blob's
SHA-256; places are the epoch's members. Marks are written in their order, as Elias and Fano write numbers that rise
(P. Elias, J. ACM 21, 1974)::

    lower     a byte of each mark, mod 256, then zeros                                            places bytes
    upper     for 0, 1, … places − 1: a 1 for each mark with that upper part, then a 0            2 · places bits
              then zeros to the end of the last byte

A blob that is not there is shown by chance with probability at most blobs / (256 · places), so never more than 1 in
256, whatever is listed: there is no room for more marks than places. Whoever does not know the salt when it decides
what to leave out cannot choose a blob that stands in for another.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from tocsin.errors import Malformed

SALT_BYTES = 16
_LABEL = b"tocsin/listing/v1"
_DRAWN_BYTES = 8


class Listing(msgspec.Struct, frozen=True):
    """The marks of one slot. Malformed when they are not in order, too many or too large."""

    salt: bytes
    places: int
    marks: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_BYTES or len(self.marks) > self.places:
            raise Malformed(f"A slot lists at most {self.places} blobs, under a salt of {SALT_BYTES} bytes.")
        if list(self.marks) != sorted(self.marks) or not all(
            0 <= one < self.places << 8 for one in self.marks
        ):
            raise Malformed("Marks stand in their order, and below 256 for each member.")

    def shows(self, digest: bytes) -> bool:
        """Whether the slot had the blob of this SHA-256, as far as a mark tells."""
        mark = _mark(self.salt, digest, self.places)
        at = bisect_left(self.marks, mark)
        return at < len(self.marks) and self.marks[at] == mark

    def to_bytes(self) -> bytes:
        """On the wire, without salt and places: `listing_bytes` of them."""
        lower = bytes(mark & 0xFF for mark in self.marks).ljust(self.places, b"\x00")
        counts = Counter(mark >> 8 for mark in self.marks)
        upper = "".join("1" * counts[part] + "0" for part in range(self.places))
        size = _upper_bytes(self.places)
        return lower + int(upper.ljust(8 * size, "0"), 2).to_bytes(size)

    @classmethod
    def parse(cls, data: bytes, salt: bytes, places: int) -> "Listing":
        """Read one in its one spelling; Malformed for any other."""
        if len(data) != listing_bytes(places):
            raise Malformed(f"A listing of {places} places has {listing_bytes(places)} bytes.")
        lower, upper = data[:places], data[places:]
        runs = f"{int.from_bytes(upper):0{8 * len(upper)}b}".split("0")[:places]
        parts = [part for part, run in enumerate(runs) for _ in run]
        if len(parts) > places:
            raise Malformed(f"A slot lists at most {places} blobs.")
        found = cls(salt, places, tuple(part << 8 | low for part, low in zip(parts, lower, strict=False)))
        if found.to_bytes() != data:
            raise Malformed("Something but zeros follows the listing.")
        return found


def listing_of(digests: Iterable[bytes], salt: bytes, places: int) -> Listing:
    """The listing of blobs, by the SHA-256 of each."""
    return Listing(salt, places, tuple(sorted(_mark(salt, digest, places) for digest in digests)))


def listing_bytes(places: int) -> int:
    """Of a listing on the wire."""
    return places + _upper_bytes(places)


def _upper_bytes(places: int) -> int:
    return (2 * places + 7) // 8


def _mark(salt: bytes, digest: bytes, places: int) -> int:
    drawn = sha256(_LABEL + salt + digest).digest()[:_DRAWN_BYTES]
    return int.from_bytes(drawn) * (places << 8) >> 8 * _DRAWN_BYTES
