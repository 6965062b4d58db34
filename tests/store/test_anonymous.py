# SPDX-License-Identifier: Apache-2.0
"""What the hub keeps of the anonymous path, on every engine: epochs, who was given tokens, what was spent."""

from types import SimpleNamespace

import msgspec
import pytest
from tests.store.conftest import Place
from tests.unit.halves.test_epochs import ROSTER, document

from tocsin.clock import Instant, ManualClock
from tocsin.errors import StorageError
from tocsin.hub.anonymous.issuing import CAUGHT, GIVEN, issued_in
from tocsin.hub.anonymous.judging import Judged
from tocsin.hub.anonymous.openings import audits
from tocsin.hub.anonymous.taking import take
from tocsin.hub.streams import HUB_ITSELF, Draft, Origin, Streams
from tocsin.hub.views.anonymous import (
    CLOSED,
    DRAFTED,
    KNOWN_CLOSED,
    LOST,
    STATED,
    close_all,
    epochs,
    keep_draft,
    move,
    restate_closed,
    restate_epoch,
)
from tocsin.hub.views.handed_in import HANDED_IN
from tocsin.ids import new_id
from tocsin.wire.envelope import find_result
from tocsin.wire.epoch import EpochClosed, EpochEvent
from tocsin.wire.messages import encode
from tocsin.wire.opening import KeptEscrow
from tocsin.wire.slot import Fate, read_fate


def drawn(size: int) -> bytes:
    return b"\x07" * size


HUB = SimpleNamespace(entropy=drawn, streams=Streams("hub_1", "live", ManualClock(Instant(5)), drawn))
JUDGED = Judged(b"k" * 32, b"t" * 32, b"d" * 32, new_id("rpt", bytes), ("all",), (), Fate("accepted", 2))


def escrow(body: bytes) -> bytes:
    empty = dict.fromkeys(("document", "token", "random", "one_time_key", "signature", "escrow"), b"")
    return encode(KeptEscrow(**empty, body=body))


def states(store) -> list[tuple[int, int]]:
    with store.reading("epochs") as tx:
        return [(row.number, row.state) for row in epochs(tx)]


def test_an_epoch_goes_from_step_to_step_and_no_other_way(place: Place):
    store = place.open()
    store.run("draft", lambda tx: keep_draft(tx, document(), ROSTER))
    assert states(store) == [(1, DRAFTED)]
    with pytest.raises(StorageError), store.transaction("again") as tx:
        keep_draft(tx, document(), ROSTER)
    assert not store.run("skip", lambda tx: move(tx, 1, CLOSED, KNOWN_CLOSED))
    assert store.run("state", lambda tx: move(tx, 1, DRAFTED, STATED))
    assert not store.run("twice", lambda tx: move(tx, 1, DRAFTED, STATED))
    store.run("draft", lambda tx: keep_draft(tx, document(2), ROSTER))
    store.run("restored", close_all)
    assert states(store) == [(1, CLOSED), (2, LOST)]
    with store.reading("epochs") as tx:
        assert epochs(tx)[0].read == document()
    store.run("told", lambda tx: restate_closed(tx, encode(EpochClosed(number=1))))
    event = EpochEvent(document=encode(document(2)), by_relay=b"", by_partner=b"")
    store.run("handed in", lambda tx: restate_epoch(tx, encode(event)))
    assert states(store) == [(1, KNOWN_CLOSED), (2, CLOSED)]


def test_a_token_is_spent_once(place: Place):
    store = place.open()

    def fate(judged: Judged, epoch: int = 1) -> Fate:
        (sealed,) = store.run("slot", lambda tx: take(tx, HUB, epoch, [judged], Instant(5)))
        return read_fate(find_result(judged.reply_key, (sealed,)))

    assert fate(JUDGED) == Fate("accepted", 2)
    assert fate(msgspec.structs.replace(JUDGED, reply_key=b"x" * 32)) == Fate("known", 2)
    assert fate(msgspec.structs.replace(JUDGED, digest=b"e" * 32)).status == "refused"
    assert fate(JUDGED, 2) == Fate("accepted", 2)
    store.run("forget", lambda tx: tx.run("forget_spent", {"below": 2}))
    assert fate(JUDGED) == Fate("accepted", 2)


def test_who_was_given_tokens_is_counted(place: Place):
    store = place.open()
    for party in ("prt_1", "prt_2"):
        row = {"epoch": 1, "party": party, "digest": b"d" * 32, "draw": b"", "state": GIVEN}
        store.run("issue", lambda tx, row=row: tx.run("note_issued", row))
    with pytest.raises(StorageError), store.transaction("again") as tx:
        tx.run("note_issued", row)
    with store.reading("count") as tx:
        assert (issued_in(tx, 1), issued_in(tx, 2)) == (2, 0)


def test_who_has_yet_to_open_half_or_was_caught_is_not_counted(place: Place):
    store = place.open()
    for party, state in (("prt_1", GIVEN), ("prt_2", CAUGHT), ("prt_3", 0)):
        row = {"epoch": 1, "party": party, "digest": b"d" * 32, "draw": b"w" * 32, "state": 0}
        store.run("ask", lambda tx, row=row: tx.run("note_issued", row))
        told = {"epoch": 1, "party": party, "state": state}
        store.run("settle", lambda tx, told=told: tx.run("settle_issued", told))
    store.run("again", lambda tx: tx.run("settle_issued", {"epoch": 1, "party": "prt_2", "state": GIVEN}))
    with store.reading("count") as tx:
        assert issued_in(tx, 1) == 1
        assert [(one.state, one.members) for one in audits(tx)] == [(0, 1), (GIVEN, 1), (CAUGHT, 1)]


def test_what_trustees_need_is_kept_with_the_report_and_goes_with_it(place: Place):
    store = place.open()
    kept = msgspec.structs.replace(JUDGED, kept=escrow(b"one"))
    other = {"token": b"u" * 32, "digest": b"e" * 32, "report": new_id("rpt", drawn)}
    for judged in (kept, msgspec.structs.replace(kept, **other, kept=escrow(b"two"))):
        for _ in range(2):
            store.run("slot", lambda tx, judged=judged: take(tx, HUB, 1, [judged], Instant(5)))
    found = {bytes(row[0]) for row in place.look("SELECT kept FROM escrow")}
    assert found == {escrow(b"one"), escrow(b"two")}
    store.run("erase", lambda tx: tx.run("drop_escrows", {"fact": JUDGED.report}))
    assert [bytes(row[0]) for row in place.look("SELECT kept FROM escrow")] == [escrow(b"two")]


def test_nobody_puts_a_report_out_of_trustees_reach_by_its_identifier(place: Place):
    store = place.open()

    def statuses(*judged: Judged, epoch: int = 1) -> list[str]:
        sealed = store.run("slot", lambda tx: take(tx, HUB, epoch, judged, Instant(5)))
        return [read_fate(find_result(one.reply_key, tuple(sealed))).status for one in judged]

    first = msgspec.structs.replace(JUDGED, kept=escrow(b"one"))
    again = msgspec.structs.replace(first, reply_key=b"l" * 32, token=b"u" * 32, digest=b"e" * 32)
    thief = msgspec.structs.replace(again, kept=escrow(b"two"))
    assert sorted(statuses(first, thief)) == ["accepted", "refused"]
    (kept,) = (bytes(row[0]) for row in place.look("SELECT kept FROM escrow"))
    winner, other = (first, thief) if kept == first.kept else (thief, first)
    assert statuses(other) == statuses(other) == ["refused"]
    assert statuses(winner) == ["known"]
    late = msgspec.structs.replace(again, token=b"v" * 32, digest=b"f" * 32, kept=winner.kept)
    assert statuses(late, epoch=2) == ["known"], "its sender had no answer in the epoch before"
    assert len(place.look("SELECT token FROM spent")) == 1
    assert len(place.look("SELECT kept FROM escrow")) == 1


def test_what_somebody_took_back_by_name_costs_no_anonymous_report_its_escrow(place: Place):
    store, fact = place.open(), JUDGED.report
    origins = [
        Origin("prt_1", b"signed"),
        Origin(None, HANDED_IN),
        Origin(None, b"anonymous\n" + JUDGED.token),
    ]

    def report(tx) -> list[dict[str, object]]:
        """One identifier, used by name, by name before a restore, and anonymously."""
        HUB.streams.append(tx, "directory", [Draft("party", "prt_1", b"party")], HUB_ITSELF)
        drafts = [(Draft("object", fact, b"object"), origin) for origin in origins]
        tx.run("keep_escrow", {"fact": fact, "token": JUDGED.token, "kept": b"kept"})
        return [{"stream": one.number, "seq": one.seq} for one in HUB.streams.append_all(tx, "all", drafts)]

    for spot, left in zip(store.run("report", report), (1, 1, 0), strict=True):
        about = {**spot, "fact": fact, "handed_in": HANDED_IN}
        store.run("erased", lambda tx, about=about: tx.run("drop_escrows_at", about))
        assert len(place.look("SELECT kept FROM escrow")) == left
