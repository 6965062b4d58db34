# SPDX-License-Identifier: Apache-2.0
"""A batch is its sender's and its message's alone, and shows neither."""

import os

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.alliance import HUB_SEEDS, START, URL

from tocsin.clock import ManualClock
from tocsin.config.hub import HubConfig
from tocsin.hub.assembly import exchange
from tocsin.hub.batches import is_batch_of, new_batch
from tocsin.ids import check_id

CONFIG = HubConfig(alliance="City Alliance", public_url=URL)
HUB = exchange(CONFIG, HUB_SEEDS, ManualClock(START), os.urandom).identity
NAMES = st.text(max_size=40)


@given(NAMES, NAMES, NAMES, NAMES)
def test_only_its_own_party_and_message_fit(party, message, other_party, other_message):
    batch = new_batch(HUB, os.urandom, party, message)
    assert check_id(batch, "bat") == batch
    same = (party, message) == (other_party, other_message)
    assert is_batch_of(HUB, batch, other_party, other_message) is same


def test_another_key_knows_none_of_them_and_two_of_one_message_share_nothing():
    one, other = [new_batch(HUB, os.urandom, "prt_a", "rpt_a") for _ in range(2)]
    foreign = msgspec.structs.replace(HUB, cursor_key=bytes(32))
    assert not is_batch_of(foreign, one, "prt_a", "rpt_a")
    assert one[4:16] != other[4:16]
    assert one[16:] != other[16:]
    assert is_batch_of(HUB, other, "prt_a", "rpt_a")


def test_an_entry_without_a_batch_is_nobodys():
    assert not is_batch_of(HUB, "", "prt_a", "rpt_a")
