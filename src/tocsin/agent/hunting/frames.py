# SPDX-License-Identifier: Apache-2.0
"""What the agent asks its hunting child, and what that says, in frames of `tocsin.agent.readers.frames`.

First the known values, then as many logs as there are. Before the answer about a log come words on how far it is.
"""

import os
import select
import time

import msgspec

from tocsin.agent.hunting.found import Hunted
from tocsin.errors import Malformed

MAX_QUESTION = 2**29
"""Bytes: five million known values, or a batch of lines."""
MAX_ANSWER = 2**26


class Know(msgspec.Struct, frozen=True, tag=True):
    """From now on hunt these, and open nothing but what lies at these places."""

    values: tuple[str, ...]
    """Each as ``kind:value``."""
    places: tuple[str, ...] = ()


class HuntFile(msgspec.Struct, frozen=True, tag=True):
    """Hunt in a file."""

    path: str
    follow: bool = False
    """Whether it may be a link: somebody has named it."""
    threads: int = 1


class HuntLines(msgspec.Struct, frozen=True, tag=True):
    """Hunt in these lines, which have just been written."""

    lines: tuple[bytes, ...]


Question = Know | HuntFile | HuntLines


class Answer(msgspec.Struct, frozen=True):
    """How far it is, or what came of it, or why nothing did."""

    behind: int = 0
    hunted: Hunted | None = None
    refusal: str = ""


def receive(pipe: int, until: float) -> bytes | None:
    """The body of the next frame of several, None when the child is gone; TimeoutError when it has not come `until`."""
    prefix = _exactly(pipe, 4, until)
    size = int.from_bytes(prefix)
    if size > MAX_ANSWER:
        raise Malformed(f"A frame of {size} bytes is announced; the bound is {MAX_ANSWER}.")
    body = _exactly(pipe, size, until)
    return body if len(prefix) == 4 and len(body) == size else None


def _exactly(pipe: int, size: int, until: float) -> bytes:
    """So many bytes and no more, for another frame may follow; fewer when the child is gone."""
    found = bytearray()
    ready = select.poll()
    ready.register(pipe, select.POLLIN)
    while len(found) < size:
        if not ready.poll(max(0.0, until - time.monotonic()) * 1_000):
            raise TimeoutError
        if not (piece := os.read(pipe, min(size - len(found), 2**18))):
            break
        found += piece
    return bytes(found)
