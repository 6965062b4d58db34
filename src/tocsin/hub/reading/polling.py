# SPDX-License-Identifier: Apache-2.0
"""A stream as an answer that ends, for readers behind a box that holds answers back until they do.

It is the beginning of the very stream: the same events, the same heads, the same rules for whoever reads it. It ends
with the first reading position that is new to the reader, or when it has waited long enough for one.
"""

import asyncio
import re
from collections.abc import AsyncIterator

from tocsin.errors import Malformed

LONGEST_WAIT_SECONDS = 30
_POSITION = re.compile(rb"(?:^|\n)id: ([A-Za-z0-9_-]+)\n")
"""As `tocsin.wire.sse.position` writes it; no data holds a line break."""


def wait_of(text: str) -> int:
    """How long a reader would have its answer wait, in seconds; 0: it follows for ever. Malformed for anything else."""
    if not text:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= LONGEST_WAIT_SECONDS:
        return int(text)
    raise Malformed(f"wait is a number of seconds, 1 to {LONGEST_WAIT_SECONDS}.")


async def whole_answer(
    chunks: AsyncIterator[bytes], cursor: str | None, wait_seconds: float
) -> AsyncIterator[bytes]:
    """The stream up to the first position that is not the reader's own, or, after that one, up to the next."""
    said_own = False
    try:
        async with asyncio.timeout(wait_seconds):
            async for chunk in chunks:
                yield chunk
                for position in _POSITION.findall(chunk):
                    if said_own or position.decode() != cursor:
                        return
                    said_own = True
    except TimeoutError:
        return  # nothing new came: the reader asks again
    finally:
        await chunks.aclose()  # type: ignore[attr-defined]  # it is a generator, and frees its place at once
