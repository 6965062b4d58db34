# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: one reader of bytes, with good bytes to begin from.

A target reads what it is given as the product does. It returns True when it took it. What an honest party never said
may be taken only where nobody signs; `forged` names the targets for which taking anything but a good sample is a
failure in itself.
"""

from collections.abc import Callable

import msgspec

Read = Callable[[bytes], bool]


class Target(msgspec.Struct, frozen=True):
    """One reader of bytes."""

    name: str
    read: Read
    samples: tuple[bytes, ...]
    forged: bool = False
    """Whether taking anything but a sample, byte for byte, is a forgery."""
    seconds: float = 0.25
    """Of processor time that one case may take."""
