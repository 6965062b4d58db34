# SPDX-License-Identifier: Apache-2.0
"""What agent and reader child say to each other: frames of four bytes of length (big-endian) and that many of body.

A question's body is the file itself. An answer's body is an `Answer` in MessagePack. Neither side trusts a length.
"""

from typing import IO

import msgspec

from tocsin.agent.readers.containers import MAX_FILE, Inside
from tocsin.agent.readers.reading import Reading
from tocsin.errors import Malformed

MAX_ANSWER = MAX_FILE + 2 * 2**20
"""Bytes of one answer: what a container holds, or some 100,000 values."""
_PREFIX = 4


class Answer(msgspec.Struct, frozen=True):
    """A reading, the files in a file, or the kind and the reason of a refusal."""

    reading: Reading | None = None
    inside: Inside | None = None
    problem: str = ""
    """`tocsin.errors.TocsinError.problem` of the refusal: ``unreadable``, ``too-costly`` or ``too-large``."""
    reason: str = ""


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Send one frame."""
    stream.write(len(body).to_bytes(_PREFIX, "big"))
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes], bound: int) -> bytes | None:
    """The body of the next frame, None when the other side is gone; Malformed when it is longer than `bound`."""
    prefix = stream.read(_PREFIX)
    if len(prefix) < _PREFIX:
        return None
    size = int.from_bytes(prefix, "big")
    if size > bound:
        raise Malformed(f"A frame of {size} bytes is announced; the bound is {bound}.")
    body = stream.read(size)
    return body if len(body) == size else None
