# SPDX-License-Identifier: Apache-2.0
"""A hub that keeps two streams of one name in one witnessed map: no reader of the second is deceived.

The partner is honest and checks everything that it can: to it they are two streams, each only growing.
"""

from pathlib import Path

import msgspec
from tests.alliance import Agent, Alliance
from tests.looking import look
from tests.unit.follow.saying import Said, entry_of, head_of, honest, put, told
from tests.unit.follow.test_dishonest import forged, leaf
from tests.unit.hub.asking import BAD, EVIL

from tocsin.domain.audience import DIRECTORY
from tocsin.follow.names import key_of
from tocsin.follow.verify import StreamState, prove
from tocsin.halves.witness import moved_head, propose, sign_head
from tocsin.proof.headmap import StreamHead, head_key
from tocsin.proof.merkle import EMPTY
from tocsin.wire.messages import Entry, Head, Part

OTHER = b"o" * 32
"""What the hub blinds the second stream's name with."""


def members(said: Said) -> list[Entry]:
    return [one for one in said if isinstance(one, Entry) and one.stream == "members"]


async def two_views(alliance: Alliance, said: Said, other: Said) -> tuple[Said, Said]:
    """What two readers are told: the whole of members, and a second one without the last report; under one note."""
    known = alliance.hub.noting.stand.signed
    assert known is not None
    left_out = members(other)[2:]
    second = moved_head(
        head_key(OTHER, "members"), EMPTY, [leaf(alliance, one) for one in members(other)[:2]]
    )
    heads = known.heads.changed([StreamHead(second.key, second.new_size, second.new_root)])
    signed = sign_head(heads, known.log, alliance.hub_key.name, alliance.exchange.identity.signing_key)
    note = await alliance.witness.witness(propose(signed, known.log, (), [second]))
    names = entry_of(said, DIRECTORY, 0).salt_h

    def shown(head: Head, key: bytes) -> Head:
        proof, stand = heads.prove(key, signed.log_before), heads.get(key)
        assert stand is not None
        where = {"map_index": proof.map_index, "map_size": proof.map_size, "map_path": proof.map_path}
        return msgspec.structs.replace(
            head, size=stand.size, root=stand.root, **where, log_path=proof.log_path, note=note
        )

    def view(of: Said, secret: bytes) -> Said:
        return [
            shown(one, key_of(one.stream, secret if one.stream == "members" else names))
            if isinstance(one, Head)
            else one
            for one in of
        ]

    return view(said, names), view([one for one in other if one not in left_out], OTHER)


async def readers(alliance: Alliance) -> tuple[Agent, Agent]:
    sender = await alliance.join("ayr", follow=False)
    one, other = await alliance.join("bute", follow=False), await alliance.join("coll", follow=False)
    await sender.report(EVIL)
    await sender.report(BAD)
    await alliance.settled()
    return one, other


async def test_a_second_stream_of_one_name_is_refused(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        one, other = await readers(alliance)
        whole, split = await two_views(alliance, await honest(one), await honest(other))
        await told(one, whole)
        await told(other, split)
        assert (one.alarms(), one.sizes()["members"]) == ([], 4)
        assert any(
            "for members, but others, or these under a name that is not its own" in said
            for said in other.alarms()
        )
        assert "members" not in other.sizes()


async def test_a_part_of_a_second_stream_of_one_name_is_refused(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        one, other = await readers(alliance)
        said = await honest(other)
        _, split = await two_views(alliance, await honest(one), said)
        first, second = (leaf(alliance, each) for each in members(split))
        path = EMPTY.extend([first]).consistency_proof([second])
        position = "x" * 40
        part = Part(head=head_of(split, "members"), size=1, path=path, position=position)
        await told(other, put(split, members(split)[1], part))
        assert any("under a name that is not its own" in said for said in other.alarms())
        assert "members" not in other.sizes()
        assert other.replica().cursor() != position


async def test_a_directory_of_its_own_for_one_reader_shows(tmp_path: Path):
    """Its first entry has the salt that gives the second stream its name; the partner has co-signed another one."""
    async with Alliance(tmp_path) as alliance:
        one, other = await readers(alliance)
        said = await honest(other)
        _, split = await two_views(alliance, await honest(one), said)
        first = entry_of(said, DIRECTORY, 0)
        split = put(split, first, msgspec.structs.replace(first, salt_h=OTHER))
        await told(other, forged(split, alliance, DIRECTORY, head_of(split, DIRECTORY).size))
        assert look(other.database, "SELECT name, witness FROM stream") == [("directory", "late")]
        assert any("two different histories" in alarm for alarm in other.alarms())


async def test_under_a_directory_that_nobody_witnessed_no_stream_is_witnessed(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        reader, _ = await readers(alliance)
        said = await honest(reader)
        await told(reader, said)
        trust = reader.replica().trust()
        waiting = {entry.seq: entry for entry in members(said)}
        for late, witness in ((False, "witnessed"), (True, "late")):
            believed = msgspec.structs.replace(trust, names_late=late)
            assert prove(believed, StreamState(), waiting, head_of(said, "members")).witness == witness


async def test_a_stream_that_comes_before_the_directory_is_refused(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        reader, _ = await readers(alliance)
        said = await honest(reader)
        await told(reader, put(said, head_of(said, DIRECTORY)))
        assert any("members came before the directory" in alarm for alarm in reader.alarms())
        assert reader.sizes() == {}
