# SPDX-License-Identifier: Apache-2.0
"""What agent and reader child say to each other: frames of four bytes of length (big-endian) and that many of body.

The bodies are a `Question` and an `Answer` in MessagePack. Neither side trusts a length. The child waits for the agent
as long as it likes, and never the other way round: the agent's two functions end at a time.
"""

import os
import select
import time
from contextlib import suppress
from typing import IO

import msgspec

from tocsin.agent.readers.around import Around
from tocsin.agent.readers.containers import MAX_FILE, Inside
from tocsin.agent.readers.reading import Reading
from tocsin.errors import Malformed

MAX_ANSWER = MAX_FILE + 2 * 2**20
"""Bytes of one answer: what a container holds, or some 100,000 values."""
MAX_QUESTION = MAX_FILE + 34 * 2**20
"""Bytes of one question: a file, or a piece of one with all that was said around it."""
_PREFIX = 4
_PIECE = 2**18


class Question(msgspec.Struct, frozen=True):
    """A file to be read, or a piece of a bundle with what stands around it."""

    data: bytes
    around: Around | None = None
    is_survey: bool = False
    """Whether only what the piece says of others is asked."""
    is_attached: bool = False
    """Whether it is a file in a mail (`tocsin.agent.readers.attached`)."""


class Answer(msgspec.Struct, frozen=True):
    """A reading, the files in a file, what a piece tells of others, or the kind and the reason of a refusal."""

    reading: Reading | None = None
    inside: Inside | None = None
    told: Around | None = None
    problem: str = ""
    """`tocsin.errors.TocsinError.problem` of the refusal: ``unreadable``, ``too-costly`` or ``too-large``."""
    reason: str = ""


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Send one frame."""
    stream.write(_framed(body))
    stream.flush()


def read_frame(stream: IO[bytes], bound: int) -> bytes | None:
    """The body of the next frame, None when the other side is gone; Malformed when it is longer than `bound`."""
    prefix = stream.read(_PREFIX)
    if len(prefix) < _PREFIX:
        return None
    size = _announced(prefix, bound)
    body = stream.read(size)
    return body if len(body) == size else None


def send_by(pipe: int, body: bytes, until: float) -> None:
    """Send one frame into a pipe that does not block; TimeoutError when it is not taken `until` (monotonic)."""
    rest = memoryview(_framed(body))
    while rest:
        _wait(pipe, select.POLLOUT, until)
        with suppress(BlockingIOError):
            rest = rest[os.write(pipe, rest) :]


def receive_by(pipe: int, bound: int, until: float) -> bytes | None:
    """As `read_frame`; TimeoutError when it has not come `until` (monotonic), Malformed when more comes than that."""
    found, size = bytearray(), _PREFIX
    while len(found) < size:
        _wait(pipe, select.POLLIN, until)
        if not (piece := os.read(pipe, _PIECE)):
            return None
        found += piece
        if len(found) >= _PREFIX:
            size = _PREFIX + _announced(found[:_PREFIX], bound)
    if len(found) > size:
        raise Malformed("A frame is longer than was announced.")
    return bytes(found[_PREFIX:])


def _framed(body: bytes) -> bytes:
    """In one piece, so that the other side is woken once."""
    return len(body).to_bytes(_PREFIX, "big") + body


def _wait(pipe: int, event: int, until: float) -> None:
    ready = select.poll()
    ready.register(pipe, event)
    if not ready.poll(max(0.0, until - time.monotonic()) * 1_000):
        raise TimeoutError


def _announced(prefix: bytes | bytearray, bound: int) -> int:
    size = int.from_bytes(prefix, "big")
    if size > bound:
        raise Malformed(f"A frame of {size} bytes is announced; the bound is {bound}.")
    return size
