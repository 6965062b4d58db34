# SPDX-License-Identifier: Apache-2.0
"""The partner's memory: durable before it answers, the same after a restart, and proof of every lie that was signed."""

import msgspec
import pytest
from tests.alliance import PARTNER_SEED, Alliance, Witness, until
from tests.looking import change, look
from tests.unit.hub.asking import BAD, EVIL

from tocsin.errors import BadSignature, Conflict, ProofError, Rewritten, StorageError, TocsinError
from tocsin.halves.witness import Proposal
from tocsin.partner.witnessing import Witnessing
from tocsin.proof.merkle import EMPTY
from tocsin.proof.note import Checkpoint, open_note, sign_note
from tocsin.proof.signing import SigningKey


def evidence(witness: Witness) -> list[tuple[str, str]]:
    return [(row.note, row.reason) for row in _rows(witness)]


class _Row(msgspec.Struct, frozen=True):
    note: str
    reason: str


def _rows(witness: Witness) -> list[_Row]:
    path = witness.folder / "partner.db"
    return [_Row(str(note), str(reason)) for note, reason in look(path, "SELECT note, reason FROM evidence")]


def reopened(alliance: Alliance) -> Witnessing:
    """The partner after a restart, over the same store."""
    old = alliance.witness
    signing = SigningKey.from_seed(PARTNER_SEED)
    return Witnessing(old.store, alliance.hub_key, old.key.name, signing, alliance.clock)


async def some_history(alliance: Alliance) -> None:
    agent = await alliance.join("ayr", follow=False)
    for value in (EVIL, BAD):
        await agent.report(value)
        await alliance.settled()


def lie(alliance: Alliance, size: int, root: bytes = bytes(32)) -> Proposal:
    """A head that the hub's key signs and that is not the history's."""
    key = alliance.exchange.identity.signing_key
    note = sign_note(Checkpoint(alliance.hub_key.name, size, root), key)
    return Proposal(held=size - 1, log=EMPTY.to_bytes(), log_path=(), changes=(), note=note)


async def test_a_restarted_partner_goes_on_where_it_was(tmp_path):
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        note = alliance.witness.witnessing.note
        alliance.witness.witnessing = reopened(alliance)
        assert alliance.witness.witnessing.note == note
        agent = await alliance.join("bute", follow=False)
        await agent.report(EVIL)
        await alliance.settled()
        assert alliance.witness.witnessing.note != note


async def test_the_same_proposal_brings_the_same_answer_and_is_remembered_once(tmp_path):
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        before = look(tmp_path / "partner.db", "SELECT count(*) FROM log")
        alliance.clock.advance(1_000_000)
        last = alliance.witness.asked[-1]
        assert alliance.witness.witnessing.witness(last) == alliance.witness.witnessing.note
        assert reopened(alliance).witness(last) == alliance.witness.witnessing.note
        assert look(tmp_path / "partner.db", "SELECT count(*) FROM log") == before


async def test_it_answers_only_what_it_has_written_down(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        alliance.witness.away = True
        agent = await alliance.join("bute", follow=False)
        await agent.report(EVIL)
        await alliance.settled()
        proposal = alliance.witness.asked[-1]
        witnessing, note = alliance.witness.witnessing, alliance.witness.witnessing.note

        def full(name: str, work: object) -> None:
            raise StorageError("full")

        monkeypatch.setattr(alliance.witness.store, "run", full)
        with pytest.raises(StorageError):
            witnessing.witness(proposal)
        assert witnessing.note == note
        monkeypatch.undo()
        assert open_note(witnessing.witness(proposal), alliance.hub_key).checkpoint.size > 0
        assert reopened(alliance).note == witnessing.note
        alliance.witness.away = False


@pytest.mark.parametrize("shorter", [0, 1])
async def test_a_second_history_under_the_hubs_signature_is_kept_as_evidence(tmp_path, shorter):
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        size = open_note(alliance.witness.witnessing.note, alliance.hub_key).checkpoint.size - shorter
        false = lie(alliance, size)
        note = alliance.witness.witnessing.note
        for _ in range(3):
            with pytest.raises(ProofError):
                alliance.witness.witnessing.witness(false)
        assert [kept for kept, _ in evidence(alliance.witness)] == [false.note]
        assert alliance.witness.witnessing.note == note


async def test_no_genuine_note_is_evidence_however_it_is_brought(tmp_path):
    """Readers hold them all: one that is brought again, or with another's proofs, accuses nobody."""
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        asked = list(alliance.witness.asked)
        alliance.witness.away = True
        agent = await alliance.join("bute", follow=False)
        await agent.report(EVIL)  # signed, and not witnessed yet
        await until(lambda: alliance.hub.noting.stand.witness == "late")
        note, held = alliance.hub.noting.stand.note, asked[-1].held + 1
        newest = msgspec.structs.replace(asked[-1], note=note, held=held)
        for proposal in (*asked[:-1], newest, msgspec.structs.replace(newest, changes=())):
            with pytest.raises((ProofError, Conflict)):
                alliance.witness.witnessing.witness(proposal)
        assert evidence(alliance.witness) == []
        alliance.witness.away = False


async def test_what_the_hub_has_not_signed_is_nobodys_evidence(tmp_path):
    """Anybody can write to the partner; nobody but the hub can fill its memory."""
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        stranger = SigningKey.from_seed(b"x" * 32)
        notes = [
            sign_note(Checkpoint(alliance.hub_key.name, 99, bytes(32)), stranger),
            sign_note(Checkpoint("hub_other/heads/live", 99, bytes(32)), stranger),
            "",
            "x" * 5_000,
            "\n\n\n",
        ]
        for note in notes:
            with pytest.raises(TocsinError):
                alliance.witness.witnessing.witness(msgspec.structs.replace(lie(alliance, 99), note=note))
        with pytest.raises(BadSignature):
            alliance.witness.witnessing.witness(msgspec.structs.replace(lie(alliance, 99), note=notes[0]))
        assert evidence(alliance.witness) == []


async def test_the_first_proof_is_not_pushed_out_by_later_ones(tmp_path):
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        first = lie(alliance, 1)
        with pytest.raises(ProofError):
            alliance.witness.witnessing.witness(first)
        many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
        change(tmp_path / "partner.db", f"{many} INSERT INTO evidence SELECT i, 'note ' || i, 'lie' FROM n")
        for number in range(5):
            with pytest.raises(ProofError):
                alliance.witness.witnessing.witness(lie(alliance, 1, (number + 1).to_bytes(32)))
        kept = evidence(alliance.witness)
        assert len(kept) == 1_000
        assert kept[0][0] == first.note


async def test_lost_step_is_said_and_is_no_accusation(tmp_path):
    async with Alliance(tmp_path) as alliance:
        await some_history(alliance)
        with pytest.raises((Conflict, Rewritten)):
            alliance.witness.witnessing.witness(lie(alliance, 99))
        assert all("hold" not in reason for _, reason in evidence(alliance.witness))
