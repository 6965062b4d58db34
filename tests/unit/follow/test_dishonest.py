# SPDX-License-Identifier: Apache-2.0
"""A hub that lies to one reader: each lie is named, nothing of it is kept, and an honest hub is followed again.

The reader is an agent's own, over its real store. What a liar says is made from what the honest hub would have said.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Alliance, until
from tests.looking import look
from tests.unit.follow.saying import (
    Enough,
    Said,
    changed,
    changed_head,
    entry_of,
    head_of,
    honest,
    put,
    told,
)
from tests.unit.hub.asking import BAD, EVIL

from tocsin.domain.audience import Audience
from tocsin.errors import Malformed, TocsinError
from tocsin.follow.follower import Follower
from tocsin.follow.names import key_of
from tocsin.proof.encoding import from_base64, to_base64
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.leaf import LeafParts, commit_body, commit_header, leaf_of
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import Checkpoint, cosign, open_note, sign_note
from tocsin.proof.signing import SigningKey
from tocsin.wire.messages import Entry, Head, Header, Welcome, decode, encode
from tocsin.wire.sse import MAX_EVENT, event

Lie = Callable[[Said, Alliance], Said]

OTHER = SigningKey.from_seed(b"o" * 32)


# --- the lies


def rewrites_an_entry(said: Said, alliance: Alliance) -> Said:
    """Another body under a fresh commitment of its own: consistent in itself, and not what was signed."""
    old = entry_of(said, "members", 1)
    body = encode(Header(entry="x", added=1, fact="y"))
    return changed(said, "members", 1, body=body, body_c=commit_body(old.salt_h, body), salt_b=old.salt_h)


def swaps_a_body(said: Said, alliance: Alliance) -> Said:
    return changed(said, "members", 1, body=entry_of(said, "members", 3).body)


def keeps_the_salt_back(said: Said, alliance: Alliance) -> Said:
    return changed(said, "members", 1, salt_b=None)


def keeps_a_body_back_and_leaves_its_salt(said: Said, alliance: Alliance) -> Said:
    return changed(said, "members", 1, body=None)


def rewrites_a_header(said: Said, alliance: Alliance) -> Said:
    """An anonymous report made a named one: it would count towards a quorum."""
    old = decode(entry_of(said, "members", 1).header, Header)
    return changed(said, "members", 1, header=encode(msgspec.structs.replace(old, fact="fct_other")))


def adds_in_no_year_that_there_is(said: Said, alliance: Alliance) -> Said:
    """A time that no calendar can write would end whoever shows it."""
    old = decode(entry_of(said, "members", 1).header, Header)
    header = encode(msgspec.structs.replace(old, added=4 * 10**18))
    return changed(said, "members", 1, header=header)


def names_a_directory_beyond_all_numbers(said: Said, alliance: Alliance) -> Said:
    old = decode(entry_of(said, "members", 1).header, Header)
    return changed(said, "members", 1, header=encode(msgspec.structs.replace(old, directory=2**64)))


def swaps_two_entries(said: Said, alliance: Alliance) -> Said:
    one, other = entry_of(said, "members", 1), entry_of(said, "members", 3)
    said = put(said, one, msgspec.structs.replace(other, seq=1))
    return put(said, other, msgspec.structs.replace(one, seq=3))


def withholds_an_entry(said: Said, alliance: Alliance) -> Said:
    return put(said, entry_of(said, "members", 2))


def withholds_the_last(said: Said, alliance: Alliance) -> Said:
    return put(said, entry_of(said, "members", 3))


def shortens_a_stream(said: Said, alliance: Alliance) -> Said:
    """A head over less than was said before, as if some entries had never been."""
    return forged(said, alliance, "members", 1)


def changes_the_history_at_the_same_length(said: Said, alliance: Alliance) -> Said:
    return forged(said, alliance, "members", 2, root=b"r" * 32)


def names_a_stream_that_it_had_not_announced(said: Said, alliance: Alliance) -> Said:
    old = entry_of(said, "members", 1)
    return put(said, old, msgspec.structs.replace(old, stream="role:agency"))


def proves_a_stream_that_it_had_not_announced(said: Said, alliance: Alliance) -> Said:
    old = head_of(said, "members")
    return put(said, old, msgspec.structs.replace(old, stream="role:agency"))


def shows_another_hubs_note(said: Said, alliance: Alliance) -> Said:
    checkpoint = open_note(head_of(said, "members").note, alliance.hub_key).checkpoint
    other = msgspec.structs.replace(checkpoint, origin="hub_other/heads/live")
    return changed_head(said, "members", note=sign_note(other, OTHER))


def shows_a_note_that_the_hub_has_not_signed(said: Said, alliance: Alliance) -> Said:
    note = head_of(said, "members").note
    body, _, lines = note.partition("\n\n")
    kept = [line for line in lines.splitlines(keepends=True) if alliance.hub_key.name not in line]
    return changed_head(said, "members", note=f"{body}\n\n{''.join(kept)}")


def shows_a_wrong_cosignature(said: Said, alliance: Alliance) -> Said:
    """Under the partner's name and key id, made with another key."""
    text = head_of(said, "members").note
    checkpoint = open_note(text, alliance.hub_key).checkpoint
    alone = open_note(sign_note(checkpoint, alliance.exchange.identity.signing_key), alliance.hub_key)
    made = cosign(alone, "partner.example", OTHER, alliance.clock.now()).splitlines()[-1].split(" ")
    true = next(line for line in text.splitlines() if "partner.example" in line).split(" ")
    key_id = from_base64(true[-1])[:4]
    line = f"— partner.example {to_base64(key_id + from_base64(made[-1])[4:])}\n"
    return changed_head(said, "members", note=alone.text + line)


def proves_with_anothers_path(said: Said, alliance: Alliance) -> Said:
    return changed_head(said, "members", map_path=tuple(bytes(32) for _ in head_of(said, "members").map_path))


def claims_another_size(said: Said, alliance: Alliance) -> Said:
    return changed_head(said, "members", size=head_of(said, "members").size - 1)


def sends_an_event_without_end(said: Said, alliance: Alliance) -> Said:
    return [*said[:1], b"data: " + b"x" * (MAX_EVENT + 10)]


def sends_garbage(said: Said, alliance: Alliance) -> Said:
    return [*said[:1], b"data: \xff\xfe not json\n\n", *said[1:]]


def sends_a_message_of_the_wrong_form(said: Said, alliance: Alliance) -> Said:
    return [*said[:1], b'data: {"kind":"entry","v":1,"stream":7}\n\n', *said[1:]]


def gives_a_position_that_is_no_cursor(said: Said, alliance: Alliance) -> Said:
    return [*said[:-1], b"id: \xc3\xa9 \x1b[2J\ndata: {}\n\n"]


def gives_a_position_that_is_too_long(said: Said, alliance: Alliance) -> Said:
    return [*said[:1], b"id: " + b"A" * 600 + b"\ndata: {}\n\n", *said[1:]]


def forged(said: Said, alliance: Alliance, stream: str, size: int, root: bytes | None = None) -> Said:
    """A head of a size that the hub's key signs and no honest hub would: a log of its own, as long as it pleases."""
    leaves = [leaf(alliance, one) for one in said if isinstance(one, Entry) and one.stream == stream]
    shown = EMPTY.extend(leaves[:size]).root() if root is None else root
    blind = StreamHead(key_of(stream, entry_of(said, "directory", 0).salt_h), size, shown)
    heads = HeadMap([blind])
    before = Frontier.from_bytes(
        look(alliance.database, "SELECT frontier FROM log ORDER BY size DESC LIMIT 1")[0][0]
    )
    log = before.append(heads.log_leaf())
    identity = alliance.exchange.identity
    note = sign_note(Checkpoint(alliance.hub_key.name, log.size, log.root()), identity.signing_key)
    proof = heads.prove(blind.key, before)
    return changed_head(
        said,
        stream,
        size=size,
        root=shown,
        note=note,
        map_index=proof.map_index,
        map_size=proof.map_size,
        map_path=proof.map_path,
        log_path=proof.log_path,
    )


def leaf(alliance: Alliance, entry: Entry) -> bytes:
    identity = alliance.exchange.identity
    return leaf_of(
        LeafParts(
            hub=identity.id,
            realm=identity.realm,
            stream=entry.stream,
            origin=entry.origin_c,
            header=commit_header(entry.salt_h, entry.header),
            body=entry.body_c,
        )
    )


def announces_fewer_streams(said: Said, alliance: Alliance) -> Said:
    (welcome,) = [one for one in said if isinstance(one, Welcome)]
    fewer = tuple(name for name in welcome.streams if name != "members")
    kept = [one for one in said if not (isinstance(one, (Entry, Head)) and one.stream == "members")]
    return put(kept, welcome, msgspec.structs.replace(welcome, streams=fewer))


LIES: list[tuple[Lie, str]] = [
    (rewrites_an_entry, "not those under the signed root"),
    (rewrites_a_header, "not those under the signed root"),
    (adds_in_no_year_that_there_is, "names a time or a directory that cannot be"),
    (names_a_directory_beyond_all_numbers, "names a time or a directory that cannot be"),
    (swaps_two_entries, "not those under the signed root"),
    (swaps_a_body, "not the one that the entry commits to"),
    (keeps_the_salt_back, "has a body or a salt, but not both"),
    (keeps_a_body_back_and_leaves_its_salt, "has a body or a salt, but not both"),
    (withholds_an_entry, "Entry 2 of members is counted by the signed head and was not delivered"),
    (withholds_the_last, "Entry 3 of members is counted by the signed head and was not delivered"),
    (names_a_stream_that_it_had_not_announced, "'role:agency' came, a stream that the hub had not announced"),
    (
        proves_a_stream_that_it_had_not_announced,
        "'role:agency' came, a stream that the hub had not announced",
    ),
    (announces_fewer_streams, "does not announce members, which your party may read"),
    (shows_another_hubs_note, "has not signed this head"),
    (shows_a_note_that_the_hub_has_not_signed, "has not signed this head"),
    (shows_a_wrong_cosignature, "not made by this key"),
    (proves_with_anothers_path, "does not lead to the signed head"),
    (claims_another_size, "does not lead to the signed head"),
    (sends_an_event_without_end, "at most 8388608 bytes"),
    (sends_garbage, "not well formed"),
    (sends_a_message_of_the_wrong_form, "not well formed"),
    (gives_a_position_that_is_no_cursor, "no cursor"),
    (gives_a_position_that_is_too_long, "no cursor"),
]


@pytest.mark.parametrize(("lie", "sentence"), LIES, ids=lambda one: getattr(one, "__name__", ""))
async def test_a_lie_is_named_and_nothing_of_it_is_kept(tmp_path: Path, lie: Lie, sentence: str):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await sender.report(BAD)
        await alliance.settled()
        said = await honest(reader)
        await told(reader, lie(said, alliance))
        assert any(sentence in alarm for alarm in reader.alarms()), reader.alarms()
        # The directory came first and is honest; of the stream that was lied about nothing is there.
        if lie is not gives_a_position_that_is_no_cursor:
            assert "members" not in reader.sizes()
            assert reader.known() == {}
        assert look(reader.database, "SELECT count(*) FROM mark WHERE name = 'distrust'") == [(0,)]
        reader.follow()
        await alliance.settled()
        assert (reader.level("evil.example"), reader.level("bad.example")) == ("watch", "watch")
        assert len(reader.alarms()) == 1


@pytest.mark.parametrize("lie", [shortens_a_stream, changes_the_history_at_the_same_length])
async def test_what_is_taken_back_under_the_hubs_own_signature_is_evidence(tmp_path: Path, lie: Lie):
    """A late head, for an honest partner would not co-sign it; the hub's key is enough to prove the lie."""
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await alliance.settled()
        said = await honest(reader)
        await told(reader, said)
        assert reader.sizes()["members"] == 2
        await told(reader, lie(said, alliance))
        assert any("takes back" in alarm or "another root" in alarm for alarm in reader.alarms())
        assert reader.sizes()["members"] == 2
        assert reader.level("evil.example") == "watch"  # shields stand as they were
        assert look(reader.database, "SELECT count(*) FROM evidence_against_hub") == [(1,)]


async def test_of_two_histories_one_partner_can_witness_only_one(tmp_path: Path):
    """The hub signs another head of the same length for another reader: the partner does not, so it stays late."""
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await sender.report(BAD)
        await alliance.settled()
        said = await honest(reader)
        split = [
            one for one in forged(said, alliance, "members", 2) if one is not entry_of(said, "members", 3)
        ]
        await told(reader, split)
        ((size, how),) = look(reader.database, "SELECT size, witness FROM stream WHERE name = 'members'")
        assert (size, how) == (2, "late")
        before = alliance.witness.witnessing.note
        head = head_of(split, "members")
        with pytest.raises(TocsinError):
            await alliance.witness.witness(
                msgspec.structs.replace(alliance.witness.asked[-1], note=head.note)
            )
        assert alliance.witness.witnessing.note == before


async def test_unknown_kinds_are_neither_acted_on_nor_held_against_the_hub(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await alliance.settled()
        said = await honest(reader)
        news = [b'data: {"kind":"snapshot","v":9,"of":"everything"}\n\n', b"data: {}\n\n", b": a comment\n\n"]
        await told(reader, [said[0], *news, *said[1:]])
        assert reader.alarms() == []
        assert reader.level("evil.example") == "watch"


async def test_nothing_counts_before_a_signed_head_covers_it(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await alliance.settled()
        said = await honest(reader)
        await told(reader, [one for one in said if not isinstance(one, Head)])
        assert reader.sizes() == {}
        assert reader.known() == {}
        assert reader.alarms() == []


async def test_an_entry_that_is_sent_twice_counts_once(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await alliance.settled()
        said = await honest(reader)
        entries = [one for one in said if isinstance(one, Entry)]
        heads = [one for one in said if isinstance(one, Head)]
        await told(reader, [said[0], *entries, *entries, *heads, *entries, *heads, said[-1]])
        assert reader.alarms() == []
        assert look(reader.database, "SELECT count(*) FROM entry WHERE stream = 'members'") == [(2,)]


async def test_a_cut_in_the_middle_loses_and_doubles_nothing(tmp_path: Path):
    """The connection ends after any byte; the next one goes on from the last position."""
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL, BAD)
        await alliance.settled()
        whole = b"".join(
            one if isinstance(one, bytes) else event(encode(one)) for one in await honest(reader)
        )
        for cut in range(0, len(whole), len(whole) // 25):
            await told(reader, [whole[:cut]])
        assert reader.alarms() == []
        await told(reader, [whole])
        assert reader.sizes() == alliance.sizes()


async def test_a_wrong_position_is_forgotten_when_it_makes_entries_missing(tmp_path: Path):
    """A position ahead of what was proved would be asked for again and again, and never lead on."""
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await sender.report(EVIL)
        await alliance.settled()
        said = await honest(reader)
        reader.replica().save_cursor(
            said[-1].decode().split("id: ")[1].split("\n")[0]
        )  # and nothing was kept
        reader.follow()
        await until(lambda: reader.level("evil.example") == "watch")
        assert any("was not delivered" in alarm for alarm in reader.alarms())


async def test_people_hear_once_of_each_outage(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        reader = await alliance.join("bute")
        await alliance.settled()
        alliance.wire.cut()
        await until(lambda: len(reader.alarms()) == 1)
        await asyncio.sleep(0.1)  # it has tried several times since
        assert len(reader.alarms()) == 1
        alliance.wire.mend()
        await until(lambda: len(alliance.hub.following._viewers) == 1)
        await asyncio.sleep(0.1)  # it is told what it knows; nothing is new
        alliance.wire.cut()
        await until(lambda: len(reader.alarms()) == 2)


async def test_waits_grow_and_are_never_the_same_for_all(tmp_path: Path):
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 200:
            raise Enough

    async with Alliance(tmp_path) as alliance:
        reader = await alliance.join("bute", follow=False)
        alliance.wire.cut()
        with pytest.raises(Enough):
            await Follower(reader.hub().stream, reader.replica(), reader.clock, reader.entropy, note).run(
                lambda: None
            )
    assert max(waits[:3]) < 4
    assert 25 < max(waits) <= 30
    assert min(waits[10:]) < 5
    assert len(set(waits)) == len(waits)


def test_a_stream_that_was_given_up_has_a_name_that_no_other_stream_can_have() -> None:
    names = bytes(range(32))
    found = [
        key_of(stream, names, times) for stream in ("members", "members\n1", "all") for times in range(3)
    ]
    assert found[1] == found[3], "the names of streams hold no line break: no audience is called so"
    with pytest.raises(Malformed):
        Audience.parse("members\n1")
    assert len(set(found)) == len(found) - 1
