# SPDX-License-Identifier: Apache-2.0
"""The blinded name of a stream in the head log's map: the partner cannot read it, and the hub cannot choose it.

The partner sees to it that a map has one head under each name, and that it only grows. So that two readers of one
stream read the same history, they must look for it under the same name. What blinds the names is therefore not the
hub's to say: it is `salt_h` of the directory's first entry, which all readers hold and the directory's tree commits
to. The directory itself stands under a constant, so that there is one of it.

A stream has its next name when the directory says that its end is lost and given up: there it goes on, while its head
under the name before stays where it is.
"""

from tocsin.domain.audience import DIRECTORY
from tocsin.proof.headmap import head_key
from tocsin.proof.leaf import SALT_SIZE

_OPEN = bytes(SALT_SIZE)
"""What the directory's name is blinded with: it is no secret."""


def key_of(stream: str, names: bytes, abandoned: int = 0) -> bytes:
    """The stream's key in the map; `names` is `salt_h` of the directory's first entry, and `abandoned` how often the
    directory has said that the end of this stream is given up.
    """
    told_apart = f"{stream}\n{abandoned}" if abandoned else stream  # no audience holds a line break
    return head_key(_OPEN if stream == DIRECTORY else names, told_apart)
