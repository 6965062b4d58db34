# SPDX-License-Identifier: Apache-2.0
"""Class ``accountable`` in an alliance: from tokens that are audited to a name that two of three trustees read."""

import msgspec
import pytest
from tests.accountable import POLICE, TRUSTED, TRUSTEES, Accountable
from tests.anonymous import AnonymousAlliance
from tests.looking import bytes_of
from tests.unit.hub.asking import BAD, EVIL

from tocsin.clock import Instant
from tocsin.errors import Conflict, Malformed, Refused, StateError, Unknown
from tocsin.halves.audit import chosen, examine
from tocsin.halves.opening import REHEARSED, answer, check_request, named
from tocsin.hub.anonymous import openings
from tocsin.hub.verbs.erase import erase_fact
from tocsin.wire.audit import FalseTokens
from tocsin.wire.messages import decode, encode
from tocsin.wire.opening import KeptEscrow, OpenedShare, OpeningApproved, OpeningAsked

PRINT = POLICE.trustee.fingerprint


def at_hub(alliance: AnonymousAlliance, work):
    """A transaction of the hub's operator, beside the hub that serves."""
    store = alliance.open_store()
    try:
        return store.run("test", work)
    finally:
        store.close()


def ask(alliance: AnonymousAlliance, report: str) -> bytes:
    return at_hub(alliance, lambda tx: openings.ask(tx, alliance.exchange, report, POLICE.card(), "Case 7"))


async def test_two_of_three_trustees_read_whose_report_it_was(tmp_path):
    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:
        banks = [await alliance.join(short) for short in ("one", "two")]
        document = await alliance.first_epoch()
        assert (document.token_class, document.needed, len(document.trustees)) == ("accountable", 2, 3)
        senders = [Accountable(alliance, bank) for bank in banks]
        for sender in senders:
            await sender.ask()
        await alliance.into_epoch()
        mixed, cover = senders[0].report(EVIL), senders[1].cover()
        assert len(mixed.blob) == len(cover.blob) == document.blob_bytes
        for sender, sent in zip(senders, (mixed, cover), strict=True):
            await sender.send(sent)
        await alliance.next_slot()
        await senders[0].send(senders[0].cover())
        assert senders[0].fate(mixed).status == "accepted"
        now = senders[1].report(BAD, report_class="now")
        assert (await senders[1].send_now(now)).status == "accepted"

        first, approvals = b"", list[OpenedShare]()
        reports = dict.fromkeys(fact for _, kind, fact, _ in alliance.entries("members") if kind == "object")
        for bank, report in zip(banks, reports, strict=True):
            data = ask(alliance, report)
            asked = check_request(data)
            assert asked.report.id == report
            answers = [answer(asked, trustee, PRINT) for trustee in TRUSTEES]
            for some in (answers[:2], answers[1:], [answers[2], answers[0]], answers):
                assert named(asked, some, POLICE).party == bank.party
            with pytest.raises(Malformed, match="2 shares are needed, and 1"):
                named(asked, answers[:1], POLICE)
            if not first:
                first, approvals = data, answers[:2]
        at_hub(alliance, lambda tx: openings.approve(tx, alliance.exchange, first, approvals))
        told = alliance.entries("directory")
        stated = [decode(body, OpeningAsked) for _, kind, _, body in told if kind == "opening"]
        assert [(one.number, one.epoch, one.needed) for one in stated] == [(1, 1, 2), (2, 1, 2)]
        (approved,) = [
            decode(body, OpeningApproved) for _, kind, _, body in told if kind == "opening-approved"
        ]
        assert approved.request == stated[0].request
        assert [one.number for one in approved.approvals] == [1, 2]
        said = b"".join(body for _, kind, _, body in told if kind.startswith("opening"))
        for never in (*reports, *(bank.party for bank in banks), "City Police", "Case 7"):
            assert never.encode() not in said


async def test_a_fake_that_is_opened_costs_all_tokens_and_leaves_evidence(tmp_path):
    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:
        cheat, victim, silent = [await alliance.join(short) for short in ("one", "two", "three")]
        document = await alliance.first_epoch()
        member = Accountable(alliance, cheat)
        asked = member.candidates(dict.fromkeys(range(document.asked), victim.party))
        draw = await member.choose(asked)
        assert draw == await member.choose(asked), "drawn once and for good"
        with pytest.raises(Conflict, match="other requests"):
            await member.choose(member.candidates())
        with pytest.raises(Conflict, match="other requests"):
            await member.open(member.candidates(), draw)
        with pytest.raises(Conflict, match="other requests"):
            await member.open(asked, bytes(32))
        with pytest.raises(Refused, match="not under your signature"):
            await member.open(asked, draw, signature=bytes(64))
        for _ in range(2):
            with pytest.raises(Refused, match="do not name you"):
                await member.open(asked, draw)
        with pytest.raises(Refused, match="do not name you"):
            await member.choose(asked)
        quiet = Accountable(alliance, silent)
        waiting = quiet.candidates()
        drawn = await quiet.choose(waiting)
        await Accountable(alliance, victim).ask()

        (shown,) = at_hub(alliance, openings.evidence)
        found = decode(shown, FalseTokens)
        assert (found.party, found.signing_key) == (cheat.party, cheat.key.public)
        assert examine(found) == chosen(draw, document.asked)
        counts = {one.state: one.members for one in at_hub(alliance, openings.audits)}
        assert counts == {0: 1, 1: 1, 2: 1}
        await alliance.move_to(Instant(document.issue_until))
        with pytest.raises(Conflict, match="window"):
            await quiet.open(waiting, drawn)


async def test_another_escrow_beside_a_token_is_refused(tmp_path):
    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:
        banks = [await alliance.join(short) for short in ("one", "two")]
        await alliance.first_epoch()
        senders = [Accountable(alliance, bank) for bank in banks]
        for sender in senders:
            await sender.ask()
        await alliance.into_epoch()
        thief, victim = senders
        (_, _, own), (_, _, others) = thief.tokens[0], victim.tokens[0]
        thief.escrows[own.public] = victim.escrows[others.public]
        swapped = thief.enclosed(encode(thief.message(EVIL)), which=0)
        thief.escrows[own.public] = b""
        without = thief.seal(bytes(thief.document.envelope_bytes - 1) + b"\x01")
        await thief.send(swapped)
        await victim.send(msgspec.structs.replace(swapped, blob=without))
        await alliance.next_slot()
        await thief.send(thief.cover())
        assert "stands for another key" in thief.fate(swapped).reason
        assert alliance.look("SELECT count(*) FROM escrow") == [(0,)]


async def test_what_is_erased_or_unknown_no_trustee_is_asked_for(tmp_path):
    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Accountable(alliance, bank)
        await sender.ask()
        await alliance.into_epoch()
        await sender.send(sender.report(EVIL))
        await alliance.next_slot()
        ((fact, kept),) = alliance.look("SELECT fact, kept FROM escrow")
        one_time = decode(bytes(kept), KeptEscrow).one_time_key
        assert one_time in sender.escrows
        with pytest.raises(Unknown, match="No accountable report"):
            ask(alliance, "rpt_" + "0" * 32)
        data = ask(alliance, fact)
        at_hub(alliance, lambda tx: tx.run("keep_escrow", {"fact": fact, "token": bytes(32), "kept": kept}))
        with pytest.raises(Conflict, match="Two senders"):
            ask(alliance, fact)
        at_hub(alliance, lambda tx: erase_fact(tx, alliance.exchange, fact, "law"))
        assert alliance.look("SELECT count(*) FROM escrow") == [(0,)]
        with pytest.raises(Unknown):
            ask(alliance, fact)
        answers = [answer(check_request(data), one, PRINT) for one in TRUSTEES[:2]]
        other = msgspec.structs.replace(check_request(data).request, purpose="Case 8")
        with pytest.raises(Unknown, match="knows nothing of this request"):
            at_hub(alliance, lambda tx: openings.approve(tx, alliance.exchange, encode(other), answers))


async def test_before_an_epoch_goes_live_its_trustees_rehearse(tmp_path):
    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:
        with pytest.raises(StateError, match="No epoch has trustees"):
            at_hub(alliance, lambda tx: openings.rehearse(tx, alliance.exchange, POLICE.card()))
        bank = await alliance.join("one")
        document = await alliance.first_epoch()
        assert alliance.clock.now() < document.begins
        data = at_hub(alliance, lambda tx: openings.rehearse(tx, alliance.exchange, POLICE.card()))
        asked = check_request(data)
        assert asked.report is None
        answers: list[OpenedShare] = [answer(asked, one, PRINT) for one in TRUSTEES[1:]]
        assert named(asked, answers, POLICE).party == ""
        assert REHEARSED.hex() not in bank.party
        assert not [kind for _, kind, _, _ in alliance.entries("directory") if kind == "opening"]


async def test_nothing_that_could_name_a_sender_lies_on_a_disk(tmp_path):
    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Accountable(alliance, bank)
        asked = sender.candidates()
        await sender.ask(asked)
        await alliance.into_epoch()
        sent = sender.report(EVIL)
        await sender.send(sent)
        await alliance.next_slot()
        drawn = alliance.look("SELECT draw FROM issued")[0][0]
        left = [asked[place] for place in range(len(asked)) if place not in chosen(bytes(drawn), len(asked))]
        for name in ("hub", "partner", "relay"):
            data = bytes_of(tmp_path, f"{name}.db")
            for seed, one in left:
                for secret in (seed, one.one_time_seed):
                    assert secret not in data
                    assert secret.hex().encode() not in data
            assert sent.reply_key not in data
        assert bytes.fromhex(bank.party[4:]) not in bytes_of(tmp_path, "hub.db")
