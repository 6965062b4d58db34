# SPDX-License-Identifier: Apache-2.0
"""A file of streams from one member to another while the hub is down: believed where it proves itself, no further."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import look
from tests.unit.agent.test_warn import issued
from tests.unit.hub.asking import BAD, EVIL
from tests.unit.hub.test_readable import suspend

from tocsin.agent.history.directory import PartyRow
from tocsin.agent.journal import read
from tocsin.agent.verbs.bundle import LIFE_DAYS, hand_over, take_in
from tocsin.clock import DAY, HOUR
from tocsin.domain.party import Role
from tocsin.domain.release import Purpose
from tocsin.errors import BadSignature, Conflict, NotActive, ProofError, StateError, Withheld
from tocsin.proof.signing import SigningKey
from tocsin.wire.bundle import Bundle, SignedBundle, context_of, unpack
from tocsin.wire.messages import Entry, Head, decode, encode

ANN, BO = "Ann Archer", "Bo Lindqvist"


def row_of(agent: Agent, other: Agent) -> PartyRow:
    """Another party as an agent's directory has it."""
    with agent.house.store.reading("parties") as tx:
        return next(row for row in tx.all("parties", {}, into=PartyRow) if row.id == other.party)


def handed(maker: Agent, receiver: Agent, days: int = 30) -> bytes:
    return hand_over(maker.house, row_of(maker, receiver), days, ANN)[0]


def streams(data: bytes) -> set[str]:
    return {span.stream for span in unpack(data).bundle.streams}


def views(agent: Agent) -> dict[str, list[tuple]]:
    """Everything that the streams have led to, but for the reading position."""
    tables = ("entry", "body", "posting", "band", "warning", "party", "declared", "answers")
    return {table: sorted(look(agent.database, f"SELECT * FROM {table}")) for table in tables}


def changed(
    data: bytes, bend: Callable[[Bundle, list[bytes]], tuple[Bundle, list[bytes]]], key: SigningKey
) -> bytes:
    """The bundle as a dishonest maker would sign it: its words and its lines bent."""
    first, _, body = data.partition(b"\n")
    bundle, lines = bend(decode(decode(first, SignedBundle).bundle, Bundle), body.splitlines())
    whole = b"".join(line + b"\n" for line in lines)
    said = encode(msgspec.structs.replace(bundle, digest=hashlib.sha256(whole).digest()))
    signed = SignedBundle(bundle=said, signature=key.sign(context_of(bundle), said))
    return encode(signed) + b"\n" + whole


def claiming(**words: object) -> Callable[[Bundle, list[bytes]], tuple[Bundle, list[bytes]]]:
    return lambda bundle, lines: (msgspec.structs.replace(bundle, **words), lines)


async def test_a_member_that_is_cut_off_has_what_the_other_has(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await issued(police)
        await alliance.settled()
        await alliance.stop_hub()
        taken = take_in(clyde.house, handed(ayr, clyde), BO)
        assert taken.by == "Ayr Bank plc"
        assert {one.stream: one.size for one in taken.streams} == clyde.sizes()
        shared = {"directory", "all", "members", "role:bank", "jurisdiction:GB", "role:bank+jurisdiction:GB"}
        assert set(clyde.sizes()) == shared & set(ayr.sizes())
        assert {value: known.judgement for value, known in clyde.known().items()} == {
            value: known.judgement for value, known in ayr.known().items()
        }
        assert clyde.alarms() == []
        with clyde.house.store.reading("journal") as tx:
            last = read(tx, clyde.house.vault.box)[-1]
        assert (last.by, last.what) == (BO, "took in a bundle of streams")
        assert ayr.party in last.about


async def test_when_the_hub_is_back_reading_goes_on_and_nothing_is_doubled(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde")
        await ayr.report(EVIL)
        await alliance.settled()
        await clyde.unfollow()
        await ayr.report(BAD)
        await alliance.settled()
        data = handed(ayr, clyde)
        await alliance.stop_hub()
        gained = {one.stream: one.new for one in take_in(clyde.house, data, BO).streams}
        assert gained["members"] > 0
        assert sum(one.new for one in take_in(clyde.house, data, BO).streams) == 0, (
            "the same again brings nothing"
        )
        await alliance.start_hub()
        clyde.follow()
        await alliance.settled()
        assert clyde.alarms() == []
        dun = await alliance.join("dun")
        await alliance.settled()
        assert views(clyde)["posting"] == views(dun)["posting"]


async def test_an_older_bundle_than_what_is_here_brings_nothing_and_accuses_nobody(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde")
        await ayr.report(EVIL)
        await alliance.settled()
        old = handed(ayr, clyde)
        await ayr.report(BAD)
        await alliance.settled()
        before = views(clyde)
        assert all(one.new == 0 for one in take_in(clyde.house, old, BO).streams)
        assert views(clyde) == before
        assert clyde.alarms() == []


async def test_nobody_is_handed_what_is_not_for_them(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde")
        bank, watch = (
            await alliance.join("dun", jurisdiction="FR"),
            await alliance.join("fca", Role.REGULATOR),
        )
        await ayr.report(EVIL)
        await ayr.report(BAD, audiences=("role:regulator", "jurisdiction:GB"))
        await alliance.settled()
        assert streams(handed(ayr, watch)) <= {"directory", "all", "jurisdiction:GB"}
        assert "members" not in streams(handed(ayr, watch))
        assert streams(handed(ayr, bank)) <= {"directory", "all", "members", "role:bank"}
        assert f"party:{ayr.party}" not in streams(handed(ayr, clyde))


async def test_a_body_that_was_told_for_another_purpose_stays_behind(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        desk = await alliance.join("desk", Role.DESK)
        clyde = await alliance.join("clyde", follow=False)
        message = desk.report_message(EVIL, audiences=("members",))
        only = msgspec.structs.replace(message, purposes=(Purpose.INVESTIGATION,))
        await desk.tell("/v1/reports", only)
        await alliance.settled()
        assert EVIL.value in desk.known()
        taken = take_in(clyde.house, handed(desk, clyde), BO)
        assert next(one.new for one in taken.streams if one.stream == "members") > 0
        assert EVIL.value not in clyde.known()
        assert clyde.alarms() == []


async def test_who_was_away_for_long_asks_for_more_days(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        alliance.clock.advance(10 * DAY)
        await ayr.report(BAD)
        await alliance.settled()
        taken = {one.stream: one for one in take_in(clyde.house, handed(ayr, clyde, days=5), BO).streams}
        assert "it begins with entry" in taken["members"].lacks
        assert "--days" in taken["members"].lacks
        assert taken["directory"].lacks == "", "one stream costs no other"
        assert (clyde.known(), clyde.alarms()) == ({}, [])
        take_in(clyde.house, handed(ayr, clyde, days=11), BO)
        assert {EVIL.value, BAD.value} <= clyde.known().keys()


async def test_what_only_the_hub_has_signed_while_its_partner_is_away_is_not_handed_over(
    tmp_path: Path,
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        alliance.witness.away = True
        await ayr.report(BAD)
        await alliance.settled()
        take_in(clyde.house, handed(ayr, clyde), BO)
        assert EVIL.value in clyde.known()
        assert BAD.value not in clyde.known()


async def test_only_an_active_party_gets_one_and_only_when_there_is_something(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await alliance.settled()
        with pytest.raises(StateError, match="Nothing was proved"):
            hand_over(clyde.house, row_of(ayr, ayr), 30, BO)
        await suspend(alliance, clyde)
        await alliance.settled()
        with pytest.raises(NotActive, match="Clyde Bank plc is suspended"):
            handed(ayr, clyde)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"to": "prt_" + "0" * 32}, "made for another party"),
        ({"hub": "hub_" + "0" * 32}, "of another alliance"),
        ({"realm": "drill"}, "of a drill"),
        ({"epoch": 1}, "made after a restart"),
        ({"expires": 2**50}, "was good until"),
        ({"made": 2**51, "expires": 2**51}, "which is not yet"),
    ],
    ids=["party", "alliance", "realm", "epoch", "for longer", "from tomorrow"],
)
async def test_one_that_is_not_for_this_agent_now_is_refused(
    tmp_path: Path, words: dict[str, object], why: str
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await alliance.settled()
        with pytest.raises(Conflict, match=why):
            take_in(clyde.house, changed(handed(ayr, clyde), claiming(**words), ayr.key), BO)
        assert clyde.sizes() == {}


async def test_one_that_has_expired_is_refused(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await alliance.settled()
        data = handed(ayr, clyde)
        alliance.clock.advance(LIFE_DAYS * DAY - HOUR)
        take_in(clyde.house, data, BO)
        alliance.clock.advance(HOUR)
        with pytest.raises(Conflict, match="was good until"):
            take_in(clyde.house, data, BO)


async def test_every_byte_that_was_cut_off_or_changed_on_the_way_is_noticed(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        data = handed(ayr, clyde)
        head = data.index(b"\n") + 1
        for cut in (head, head + 1, len(data) // 2, len(data) - 1):
            with pytest.raises(Withheld, match="not the one that its maker signed"):
                take_in(clyde.house, data[:cut], BO)
        bent = bytearray(data)
        bent[(head + len(data)) // 2] ^= 1
        with pytest.raises(Withheld):
            take_in(clyde.house, bytes(bent), BO)
        assert clyde.sizes() == {}


def without_one(bundle: Bundle, lines: list[bytes]) -> tuple[Bundle, list[bytes]]:
    """An entry of members left out, and owned up to nowhere."""
    at = next(
        place for place, line in enumerate(lines) if b'"stream":"members"' in line and b'"seq":0' in line
    )
    return bundle, lines[:at] + lines[at + 1 :]


def as_if_shorter(bundle: Bundle, lines: list[bytes]) -> tuple[Bundle, list[bytes]]:
    """The same, and said to begin behind it."""
    spans = [
        msgspec.structs.replace(one, start=1) if one.stream == "members" else one for one in bundle.streams
    ]
    return msgspec.structs.replace(bundle, streams=tuple(spans)), without_one(bundle, lines)[1]


def with_another_value(bundle: Bundle, lines: list[bytes]) -> tuple[Bundle, list[bytes]]:
    """The body of an entry says another value than the hub committed to."""
    made = []
    for line in lines:
        if b'"kind":"entry"' in line and b'"stream":"members"' in line:
            entry = decode(line, Entry)
            body = entry.body and entry.body.replace(EVIL.value.encode(), b"good.example")
            line = encode(msgspec.structs.replace(entry, body=body))  # noqa: PLW2901
        made.append(line)
    return bundle, made


def with_another_root(bundle: Bundle, lines: list[bytes]) -> tuple[Bundle, list[bytes]]:
    """A head that the hub has not signed."""
    made = []
    for line in lines:
        if b'"kind":"head"' in line and b'"stream":"members"' in line:
            line = encode(msgspec.structs.replace(decode(line, Head), root=b"r" * 32))  # noqa: PLW2901
        made.append(line)
    return bundle, made


@pytest.mark.parametrize(
    "bend", [without_one, with_another_value, with_another_root], ids=lambda bend: bend.__name__
)
async def test_a_member_cannot_say_what_hub_and_partner_have_not_signed(
    tmp_path: Path, bend: Callable[[Bundle, list[bytes]], tuple[Bundle, list[bytes]]]
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        with pytest.raises(ProofError):
            take_in(clyde.house, changed(handed(ayr, clyde), bend, ayr.key), BO)
        assert "members" not in clyde.sizes()
        assert clyde.known() == {}
        with clyde.house.store.reading("trust") as tx:
            assert tx.all("mark", {"name": "distrust"}, into=_Mark) == [], "the hub is accused of nothing"
        take_in(clyde.house, handed(ayr, clyde), BO)
        assert EVIL.value in clyde.known()


async def test_leaving_the_beginning_out_proves_nothing_to_whoever_lacks_it(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        taken = take_in(clyde.house, changed(handed(ayr, clyde), as_if_shorter, ayr.key), BO)
        assert [one.lacks[:38] for one in taken.streams if one.lacks] == [
            "it begins with entry 1 of members, and"
        ]
        assert clyde.known() == {}


async def test_it_must_be_signed_by_an_active_party_of_its_own_directory(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dun = await alliance.join("ayr"), await alliance.join("dun")
        clyde = await alliance.join("clyde", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        data = handed(ayr, clyde)
        with pytest.raises(BadSignature, match="Ayr Bank plc has not signed"):
            take_in(clyde.house, changed(data, claiming(), dun.key), BO)
        with pytest.raises(BadSignature, match="No active party"):
            take_in(clyde.house, changed(data, claiming(by="prt_" + "0" * 32), ayr.key), BO)
        assert len(clyde.alarms()) == 2
        assert set(clyde.sizes()) == {"directory"}, "which the hub has signed"
        await ayr.unfollow()
        await suspend(alliance, ayr)
        await alliance.settled()
        newer = handed(dun, clyde)
        take_in(clyde.house, newer, BO)
        with pytest.raises(BadSignature, match="No active party"):
            take_in(clyde.house, data, BO)


class _Mark(msgspec.Struct, frozen=True):
    value: str
