# SPDX-License-Identifier: Apache-2.0
"""Every beginning of a stream is proved from what the store keeps, on every engine, and from the leaves alone too."""

import random
from itertools import accumulate

import pytest
from tests.store.conftest import Place

from tocsin.clock import Instant, ManualClock
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import Rewritten
from tocsin.hub.heads.proving import prove_beginning
from tocsin.hub.streams import HUB_ITSELF, Draft, StreamHead, Streams
from tocsin.proof.merkle import Frontier, verify_consistency
from tocsin.storage.store import Store

BATCHES = (1, 254, 1, 1, 500, 3)
"""So that subtrees of 256 are completed inside a batch, at its end and by the first of the next."""


@pytest.fixture
def sizes(store: Store) -> dict[int, bytes]:
    """The root of a stream after each batch."""
    streams = Streams("hub_1", "live", ManualClock(Instant(10**15)), random.Random(1).randbytes)
    with store.transaction("first") as tx:
        streams.append(tx, DIRECTORY, [Draft("party", "prt_1", b"{}")], HUB_ITSELF)
    roots = {}
    for count in BATCHES:
        with store.transaction("append") as tx:
            streams.append(tx, "members", [Draft("object", "rpt_1", b"{}")] * count, HUB_ITSELF)
            head = tx.one("stream_head", {"name": "members"}, into=StreamHead)
            assert head is not None
            assert Frontier.from_bytes(head.frontier).root() == head.root
            roots[head.size] = head.root
    assert list(roots) == list(accumulate(BATCHES))
    return roots


@pytest.mark.parametrize("kept", [True, False])
def test_a_beginning_is_proved(place: Place, store: Store, sizes: dict[int, bytes], kept: bool):
    assert len(place.look("SELECT number FROM subtree")) == 2
    if not kept:
        place.engines[0].command("DELETE FROM subtree")
    with store.reading("prove") as tx:
        for old, old_root in sizes.items():
            for new, new_root in sizes.items():
                if old <= new:
                    path = prove_beginning(tx, 1, old, new)
                    verify_consistency(old, old_root, new, new_root, path if old < new else ())
                    if 1 < old < new and old.bit_count() > 1:
                        with pytest.raises(Rewritten):
                            verify_consistency(old, bytes(32), new, new_root, path)
