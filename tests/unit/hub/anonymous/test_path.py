# SPDX-License-Identifier: Apache-2.0
"""One envelope on its way through relay, partner and hub, and back in the record of its slot."""

from hashlib import sha256

import msgspec
from tests.anonymous import AnonymousAlliance, Sender
from tests.unit.hub.asking import BAD, EVIL

from tocsin.wire.messages import Header


async def test_a_report_among_cover_stands_in_the_stream_for_nobody(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        banks = [await alliance.join(short) for short in ("one", "two", "three")]
        await alliance.first_epoch()
        senders = [Sender(alliance, bank) for bank in banks]
        for sender in senders:
            await sender.ask()
        await alliance.into_epoch()
        sent = senders[0].report(EVIL, BAD)
        assert await senders[0].send(sent) is None
        for sender in senders[1:]:
            assert await sender.send(sender.cover()) is None
        await alliance.next_slot()
        record = await senders[0].send(senders[0].cover())
        assert record is not None
        assert (record.slot, record.blobs, record.issued) == (0, 3, 3)
        assert record.listing.shows(sha256(sent.blob).digest())
        fate = senders[0].fate(sent)
        assert (fate.status, fate.taken) == ("accepted", 3)
        entries = alliance.look(
            "SELECT header FROM entry JOIN stream ON number = stream WHERE name = 'members' AND kind = 'object'"
        )
        headers = [msgspec.json.decode(bytes(header), type=Header) for (header,) in entries]
        assert [one.named for one in headers] == [False, False, False]
        await alliance.settled()
        assert {value: banks[2].level(value) for value in ("evil.example", "bad.example")} == {
            "evil.example": "watch",
            "bad.example": "watch",
        }
