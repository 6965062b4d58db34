# SPDX-License-Identifier: Apache-2.0
"""Catching up in parts: whatever comes is kept as it is proved, and a hub gains nothing by a part.

The hub sends a part after each two entries here, so that a short history has several.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import look
from tests.unit.follow.saying import (
    Said,
    changed,
    entry_of,
    head_of,
    honest,
    parts_of,
    put,
    told,
)
from tests.unit.follow.test_dishonest import forged
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent.inbox import inbox
from tocsin.cli.inbox import _Screen
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.observable import Kind, normalise
from tocsin.follow import waiting
from tocsin.hub.reading import backlog
from tocsin.wire.messages import Entry, Message, Part, encode
from tocsin.wire.sse import event

REPORTS = 3
"""Of two entries each: parts end after the 2nd and the 4th, the head covers the 6th."""


@pytest.fixture(autouse=True)
def two_entries_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "PART", 2)


async def readers(alliance: Alliance) -> tuple[Agent, Agent]:
    """A sender that has reported, and a reader that has proved nothing yet."""
    sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
    for number in range(REPORTS):
        await sender.report(normalise(Kind.DOMAIN, f"evil-{number}.example"))
    await alliance.settled()
    return sender, reader


def events(said: Said) -> Iterator[bytes]:
    for one in said:
        yield event(encode(one)) if isinstance(one, Message) else one if isinstance(one, bytes) else one()


def progress(reader: Agent) -> list[str]:
    """What people are told of how far it is."""
    found = inbox(reader.house, reader.levels(), reader.clock.now())
    lines = _Screen({}, everything=False, wide=False).lines(found)
    return [line.split(" What is")[0] for line in lines if line.startswith("CATCHING UP")]


# --- an honest hub


async def test_parts_cover_what_came_and_the_directory_is_complete_before_anything_else(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        said = await honest(reader)
        assert [one.size for one in parts_of(said, "members")] == [2, 4]
        assert [one.size for one in parts_of(said, DIRECTORY)] == [2, 4]
        kinds = [(type(one).__name__, getattr(one, "stream", "")) for one in said]
        assert kinds.index(("Entry", "members")) > kinds.index(("Entry", DIRECTORY)) + 4
        await told(reader, said)
        assert (reader.alarms(), reader.sizes()) == ([], alliance.sizes())
        assert look(reader.database, "SELECT DISTINCT witness FROM stream") == [("witnessed",)]
        assert look(reader.database, "SELECT name FROM stream WHERE counted <> size OR firm <> size") == []


async def test_what_lacks_little_does_not_wait_behind_what_lacks_much(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await readers(alliance)
        await sender.report(EVIL, audiences=("role:bank",))
        await alliance.settled()
        said = await honest(reader)
        assert [one.size for one in parts_of(said, "role:bank")] == [2]
        assert said.index(parts_of(said, "role:bank")[0]) < said.index(entry_of(said, "members", 0))
        await told(reader, said)
        assert (reader.alarms(), reader.sizes()) == ([], alliance.sizes())


async def test_wherever_the_line_breaks_the_next_connection_goes_on_from_the_last_part(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        whole = list(events(await honest(reader)))
        for cut in range(len(whole)):
            other = await alliance.join(f"bank{cut}", follow=False)
            before = list(events(await honest(other)))
            await told(other, [*before[:cut], before[cut][:40]])
            held = other.sizes()
            rest = await honest(other)
            again = [one for one in rest if isinstance(one, Entry) and one.seq < held.get(one.stream, 0)]
            assert again == [], "what was kept does not come again"
            await told(other, rest)
            assert (other.alarms(), other.sizes()) == ([], alliance.sizes())


async def test_a_stream_that_is_longer_than_what_may_wait_for_a_head_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting, "MAX_PENDING", 5)
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        await told(reader, [one for one in await honest(reader) if not isinstance(one, Part)])
        assert "More than 5 entries came" in reader.alarms()[0]
        other = await alliance.join("coll", follow=False)
        await told(other, await honest(other))
        assert (other.alarms(), other.sizes()) == ([], alliance.sizes())


async def test_a_part_is_acted_on_and_is_no_reason_to_write_files(tmp_path: Path):
    """Levels are computed from what is kept; but files are written anew for the head, not for each part."""
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        said = await honest(reader)
        upto = said.index(parts_of(said, "members")[-1]) + 1
        await told(reader, said[:upto])
        assert reader.sizes() == {DIRECTORY: 4, "members": 4}
        assert reader.level("evil-1.example") == "watch"
        assert reader.level("evil-2.example") == ""
        ((counted,),) = look(reader.database, "SELECT counted FROM stream WHERE name = 'members'")
        assert counted == 2 * REPORTS
        assert progress(reader) == ["CATCHING UP with members: 4 of 6 entries are here."]
        await told(reader, await honest(reader))
        assert progress(reader) == []


async def test_a_reader_that_does_not_know_parts_waits_for_the_heads(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        await told(reader, [one for one in await honest(reader) if not isinstance(one, Part)])
        assert (reader.alarms(), reader.sizes()) == ([], alliance.sizes())


async def test_a_reader_that_lost_its_position_is_told_again_what_it_holds_and_keeps_it_once(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await readers(alliance)
        await told(reader, await honest(reader))
        await sender.report(EVIL)
        await sender.report(BAD)
        await alliance.settled()
        reader.replica().save_cursor("")
        await told(reader, await honest(reader))
        assert (reader.alarms(), reader.sizes()) == ([], alliance.sizes())


async def test_a_new_key_of_the_hub_is_learnt_on_the_way(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        early = await honest(reader)
        await told(reader, early[: early.index(parts_of(early, DIRECTORY)[0]) + 1])
        await told(reader, await honest(reader))
        assert (reader.alarms(), reader.sizes()) == ([], alliance.sizes())


async def test_a_newcomer_catches_up_with_a_hub_that_was_restored(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender = await alliance.join("ayr")
        alliance.back_up(tmp_path / "old.db")
        await sender.report(EVIL)
        await alliance.settled()
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: bool(look(alliance.database, "SELECT 1 FROM entry WHERE kind = 'restart'")))
        await until(lambda: sender.sizes() == alliance.sizes())
        reader = await alliance.join("bute")
        await until(lambda: reader.sizes() == alliance.sizes())
        assert reader.alarms() == []
        assert reader.replica().epoch() == 1


# --- lies

Lie = Callable[[Said, Alliance], Said]


def second(said: Said) -> Part:
    return parts_of(said, "members")[1]


def changed_part(said: Said, **fields: object) -> Said:
    return put(said, second(said), msgspec.structs.replace(second(said), **fields))


def rewrites_an_entry(said: Said, alliance: Alliance) -> Said:
    other = entry_of(said, "members", 1)
    return changed(said, "members", 2, body=other.body, body_c=other.body_c, salt_b=other.salt_b)


def withholds_an_entry(said: Said, alliance: Alliance) -> Said:
    return put(said, entry_of(said, "members", 3))


def claims_more_than_came(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, size=5)


def claims_more_than_the_head_counts(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, size=2**40)


def proves_with_no_path(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, path=())


def proves_with_the_path_of_another_part(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, path=parts_of(said, "members")[0].path)


def proves_with_a_path_of_another_shape(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, path=(*second(said).path, bytes(32)))


def proves_with_half_hashes(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, path=(b"short",))


def proves_it_under_another_root(said: Said, alliance: Alliance) -> Said:
    """The hub signs a head over other entries, and shows a part of the ones that there are."""
    split = forged(said, alliance, "members", 6, root=b"r" * 32)
    return changed_part(said, head=head_of(split, "members"))


def proves_it_under_a_head_that_was_not_signed(said: Said, alliance: Alliance) -> Said:
    head = second(said).head
    return changed_part(said, head=msgspec.structs.replace(head, size=head.size + 1))


def proves_it_under_the_head_of_another_stream(said: Said, alliance: Alliance) -> Said:
    other = msgspec.structs.replace(head_of(said, DIRECTORY), stream="members")
    return changed_part(said, head=other)


def turns_two_parts_around(said: Said, alliance: Alliance) -> Said:
    one, other = parts_of(said, "members")
    first = [entry_of(said, "members", seq) for seq in range(2)]
    left = [each for each in said if each not in (*first, one)]
    at = left.index(other) + 1
    return [*left[:at], *first, one, *left[at:]]


def names_a_stream_that_it_had_not_announced(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, head=msgspec.structs.replace(second(said).head, stream="role:agency"))


def gives_a_position_that_is_no_cursor(said: Said, alliance: Alliance) -> Said:
    return changed_part(said, position="../\x1b[2J")


def keeps_the_end_back(said: Said, alliance: Alliance) -> Said:
    """Everything but the head of members and what it alone covers, and then a position: as if that were all."""
    last = [entry_of(said, "members", seq) for seq in range(4, 6)]
    return [one for one in said if one not in (*last, head_of(said, "members"))]


LIES: list[tuple[Lie, str, int]] = [
    (rewrites_an_entry, "begins with the 4 entries that came", 2),
    (withholds_an_entry, "Entry 3 of members is counted by the signed head and was not delivered", 2),
    (claims_more_than_came, "Entry 4 of members is counted by the signed head and was not delivered", 2),
    (claims_more_than_the_head_counts, "No part of members leads from 2 to 1099511627776 of 6 entries", 2),
    (proves_with_no_path, "begins with the 4 entries that came. The path from 4 to 6 entries is missing", 2),
    (proves_with_the_path_of_another_part, "begins with the 4 entries that came", 2),
    (proves_with_a_path_of_another_shape, "is too long", 2),
    (proves_with_half_hashes, "has 32 bytes", 2),
    (proves_it_under_another_root, "begins with the 4 entries that came", 2),
    (proves_it_under_a_head_that_was_not_signed, "no such size and root were signed for members", 2),
    (proves_it_under_the_head_of_another_stream, "under a name that is not its own", 2),
    (turns_two_parts_around, "Entry 0 of members is counted by the signed head and was not delivered", 0),
    (
        names_a_stream_that_it_had_not_announced,
        "'role:agency' came, a stream that the hub had not announced",
        2,
    ),
    (gives_a_position_that_is_no_cursor, "no cursor", 2),
    (keeps_the_end_back, "shows no head of members as it stands in its newest log", 4),
]


@pytest.mark.parametrize(("lie", "sentence", "kept"), LIES, ids=lambda one: getattr(one, "__name__", ""))
async def test_a_lie_about_a_part_is_named_and_costs_no_more_than_what_it_was_about(
    tmp_path: Path, lie: Lie, sentence: str, kept: int
):
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        await told(reader, lie(await honest(reader), alliance))
        assert any(sentence in alarm for alarm in reader.alarms()), reader.alarms()
        assert reader.sizes().get("members", 0) == kept
        told_of = len(reader.alarms())
        await told(reader, await honest(reader))
        assert len(reader.alarms()) == told_of, "an honest hub is followed again"
        assert reader.sizes() == alliance.sizes()


async def test_after_a_part_no_head_that_counts_less_is_believed(tmp_path: Path):
    """The reader holds 4 of 6 entries; a signed head over 5 of them takes back what was counted."""
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        said = await honest(reader)
        upto = said.index(second(said)) + 1
        await told(reader, said[:upto])
        head = head_of(forged(said, alliance, "members", 5), "members")
        rest = await honest(reader)
        assert isinstance(rest[0], Message)
        await told(reader, [rest[0], entry_of(said, "members", 4), head])
        assert any("had 6 entries and now claims 5" in alarm for alarm in reader.alarms())
        assert look(reader.database, "SELECT count(*) FROM evidence_against_hub") == [(1,)]
        assert reader.sizes()["members"] == 4
        await told(reader, rest)
        assert reader.sizes()["members"] == 4, "nothing new is believed until a person decides"


async def test_under_a_head_that_the_partner_has_not_signed_a_part_is_late(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await readers(alliance)
        said = await honest(reader)
        whole = forged(said, alliance, "members", 6)
        part = msgspec.structs.replace(second(said), head=head_of(whole, "members"))
        upto = said.index(second(said))
        await told(reader, [*said[:upto], part])
        columns = "size, firm, witness FROM stream WHERE name = 'members'"
        assert look(reader.database, f"SELECT {columns}") == [(4, 2, "late")]
