# SPDX-License-Identifier: Apache-2.0
"""Proving what comes next of a stream, whoever brings it: the hub's own connection, an edge, or a file.

The directory is proved under the keys that its own new entries give the hub and the partner; every other stream under
those that were proved before.
"""

from collections.abc import Mapping

from tocsin.domain.audience import DIRECTORY
from tocsin.errors import Unwitnessed
from tocsin.follow.directory import foresee
from tocsin.follow.verify import Proved, StreamState, Trust, prove
from tocsin.wire.messages import Entry, Head, Part


def prove_next(
    known: Trust, state: StreamState, waiting: Mapping[int, Entry], head: Head, part: Part | None = None
) -> Proved:
    """What a head, or a part under it, proves with the entries that wait for it; a ProofError says what does not.

    Unwitnessed when the hub would sign with a new key and its partner has seen no newer head.
    """
    size, path = (head.size, ()) if part is None else (part.size, part.path)
    if head.stream != DIRECTORY:
        return prove(known, state, waiting, head, size, path)
    news = range(state.frontier.size, size)
    trust = foresee(known, (waiting[seq] for seq in news if seq in waiting))
    proved = prove(trust, state, waiting, head, size, path)
    if trust.hub_key != known.hub_key and proved.witness == "late":
        raise Unwitnessed("The hub signs with a new key, and no newer head was co-signed by the partner.")
    return proved
