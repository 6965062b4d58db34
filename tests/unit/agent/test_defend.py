# SPDX-License-Identifier: Apache-2.0
"""What was done about a warning is kept in one case, shown by one file, and that file proves itself to a stranger."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import change, look
from tests.unit.agent.test_warn import ANA, BO, CONTENT, issued, sent
from tests.unit.hub.asking import erase

from tocsin.agent.cases import ledger
from tocsin.agent.cases.defence import Defended
from tocsin.agent.cases.facts import RiskAccepted, Struck, Took
from tocsin.agent.own_warnings import OwnWarning
from tocsin.agent.verbs import case as cases
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.acknowledge import acknowledge
from tocsin.agent.verbs.defend import accept, every, find, read, take
from tocsin.agent.verbs.prove import prove
from tocsin.agent.verbs.warn import Change
from tocsin.clock import DAY, MINUTE, Instant
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.party import Role
from tocsin.errors import Conflict, ProofError, TocsinError, Unknown, Unwitnessed
from tocsin.follow.examining import CONTEXT, examine
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import Context
from tocsin.wire.defence import DefenceProof, SignedDefence
from tocsin.wire.messages import decode, encode

SECRET = "planted-4712"


async def warned(alliance: Alliance) -> tuple[Agent, Agent, OwnWarning]:
    """An agency's warning at a bank, with another warning beside it."""
    police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
    await issued(police, msgspec.structs.replace(CONTENT, title=f"{SECRET} wave"))
    one = await issued(police)
    await alliance.settled()
    alliance.clock.advance(7 * MINUTE)
    return police, ayr, one


def took(agent: Agent, text: str = "Blocked it at the gateway") -> Took:
    return Took(text, agent.clock.now(), "DE.CM-01.05")


async def answered(agent: Agent, one: OwnWarning, said: Answer) -> None:
    acknowledge(agent.house, one.id, said, ANA)
    await agent.deliver()


async def test_a_warning_is_warned_read_and_answered_in_one_case(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        _, ayr, one = await warned(alliance)
        assert [standing.state for standing in every(ayr.house)] == [Defended.UNREAD] * 2
        case = read(ayr.house, one.id, ANA)
        assert find(ayr.house, one.id[:14]).state is Defended.READ
        alliance.clock.advance(MINUTE)
        assert take(ayr.house, one.id, BO, took(ayr)).id == case.id
        standing = find(ayr.house, one.id)
        assert standing.state is Defended.MEASURED
        assert standing.defence is not None
        assert standing.added == standing.first == standing.defence.warned[0].added
        assert [reading.by for reading in standing.defence.readings] == [ANA]
        assert standing.defence.readings[0].at - standing.first == pytest.approx(7 * MINUTE, abs=1000)
        assert look(ayr.database, "SELECT count(*) FROM outbox") == [(0,)], "nothing of it leaves"
        with ayr.house.store.reading("whole") as tx:
            assert ledger.examine(tx, ayr.house.vault.box) == 1


async def test_who_takes_a_measure_or_a_risk_has_read_it(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        _, ayr, one = await warned(alliance)
        until = Instant(alliance.clock.now() + DAY)
        accept(ayr.house, one.id, BO, RiskAccepted("no such service here", until))
        assert find(ayr.house, one.id).state is Defended.ACCEPTED
        alliance.clock.advance(2 * DAY)
        assert find(ayr.house, one.id).state is Defended.LAPSED
        with pytest.raises(Conflict, match="has read version 1 already"):
            read(ayr.house, one.id, BO.upper())
        read(ayr.house, one.id, ANA)


async def test_a_new_version_is_unread_and_keeps_the_case(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr, one = await warned(alliance)
        case = take(ayr.house, one.id, ANA, took(ayr)).id
        warn.update(police.house, one.id, Change(title="A third wave"), ANA)
        warn.approve(police.house, one.id, BO)
        await sent(police, warn.issue(police.house, one.id, BO))
        await alliance.settled()
        standing = find(ayr.house, one.id)
        assert (standing.state, standing.warning.version) == (Defended.UNREAD, 2)
        assert standing.first < standing.added
        assert read(ayr.house, one.id, ANA).id == case
        assert find(ayr.house, one.id).state is Defended.MEASURED
        assert [one.version for one in examine(prove(ayr.house, one.id, ANA)).versions] == [1, 2]


async def test_an_own_warning_and_one_that_never_came_have_no_defence(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr, one = await warned(alliance)
        assert every(police.house) == []
        with pytest.raises(Unknown):
            read(police.house, one.id, ANA)
        with pytest.raises(Unknown, match="Nothing here"):
            prove(ayr.house, one.id, ANA)


@pytest.mark.parametrize("witnessed", [True, False], ids=["witnessed", "without a partner"])
async def test_the_file_proves_itself_and_tells_nothing_of_other_warnings(
    tmp_path: Path, witnessed: bool
) -> None:
    async with Alliance(tmp_path, witnessed=witnessed) as alliance:
        _, ayr, one = await warned(alliance)
        read(ayr.house, one.id, ANA)
        await answered(ayr, one, Answer.RECEIVED)
        take(ayr.house, one.id, BO, took(ayr))
        cases.write(ayr.house, find(ayr.house, one.id).defence.case, ANA, Struck(3, "it was another"))
        take(ayr.house, one.id, BO, took(ayr, "Blocked it at the resolver"))
        await answered(ayr, one, Answer.ACTED)
        await alliance.settled()
        file = prove(ayr.house, one.id, ANA)
        partner = alliance.witness.key if witnessed else None
        found = examine(file, alliance.hub_key, partner)
        assert (found.party, found.name, found.warning) == (ayr.party, "Ayr Bank plc", one.id)
        assert [(version.version, version.role) for version in found.versions] == [(1, "agency")]
        assert [answer.answer for answer in found.answers] == ["received", "acted"]
        assert [line.what for line in found.lines] == ["warned", "was-read", "took", "struck", "took"]
        assert all((head.cosigned is None) != witnessed for head in found.heads)
        bare = encode(decode(decode(file, SignedDefence).proof, DefenceProof))
        assert SECRET.encode() not in file + bare
        proof = decode(decode(file, SignedDefence).proof, DefenceProof)
        assert {one.head.stream for one in proof.shown} == {"directory", "all", f"party:{ayr.party}"}
        ((_, secret),) = look(
            ayr.database, "SELECT seq, salt_h FROM entry WHERE stream = 'directory' AND seq = 0"
        )
        assert b64encode(bytes(secret)) not in bare, "what blinds the names of streams stays at home"


async def test_the_file_is_refused_under_another_key(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        _, ayr, one = await warned(alliance)
        read(ayr.house, one.id, ANA)
        file = prove(ayr.house, one.id, ANA)
        other = VerifierKey(alliance.hub_key.name, alliance.hub_key.kind, bytes(range(32)))
        with pytest.raises(ProofError, match="another key of the hub"):
            examine(file, other)
        with pytest.raises(ProofError, match="another key of the partner"):
            examine(file, None, other)


def _other_lines(proof: DefenceProof) -> DefenceProof:
    *kept, last = proof.lines
    return msgspec.structs.replace(proof, lines=(*kept, msgspec.structs.replace(last, text="We did more")))


def _earlier_t1(proof: DefenceProof) -> DefenceProof:
    first, *rest = proof.lines
    return msgspec.structs.replace(proof, lines=(msgspec.structs.replace(first, added=1), *rest))


def _turned_round(proof: DefenceProof) -> DefenceProof:
    return msgspec.structs.replace(proof, lines=proof.lines[::-1])


def _other_party(proof: DefenceProof) -> DefenceProof:
    return msgspec.structs.replace(proof, party="prt_" + "0" * 32)


def _other_body(proof: DefenceProof) -> DefenceProof:
    return _entries(proof, lambda entry: msgspec.structs.replace(entry, body=(entry.body or b"") + b" "))


def _other_place(proof: DefenceProof) -> DefenceProof:
    return _entries(proof, lambda entry: msgspec.structs.replace(entry, seq=entry.seq + 1))


def _entries(proof: DefenceProof, bend: Callable) -> DefenceProof:
    shown = [
        msgspec.structs.replace(
            one,
            entries=tuple(
                msgspec.structs.replace(placed, entry=bend(placed.entry)) for placed in one.entries
            ),
        )
        for one in proof.shown
    ]
    return msgspec.structs.replace(proof, shown=tuple(shown))


def _without_directory(proof: DefenceProof) -> DefenceProof:
    return msgspec.structs.replace(proof, shown=proof.shown[1:])


def _bent_head(proof: DefenceProof) -> DefenceProof:
    shown = [
        msgspec.structs.replace(one, head=msgspec.structs.replace(one.head, size=one.head.size + 1))
        for one in proof.shown
    ]
    return msgspec.structs.replace(proof, shown=tuple(shown))


BENT = [
    _earlier_t1,
    _turned_round,
    _other_party,
    _other_body,
    _other_place,
    _without_directory,
    _bent_head,
]


async def test_whoever_bends_the_file_is_found_out_even_with_the_bank_s_own_key(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        _, ayr, one = await warned(alliance)
        take(ayr.house, one.id, ANA, took(ayr))
        file = decode(prove(ayr.house, one.id, ANA), SignedDefence)
        proof = decode(file.proof, DefenceProof)
        with pytest.raises(ProofError):
            examine(encode(msgspec.structs.replace(file, proof=encode(_other_lines(proof)))))
        context = Context(CONTEXT, ayr.membership.realm, ayr.membership.hub)
        for bend in BENT:
            data = encode(bend(proof))
            signed = SignedDefence(proof=data, signature=ayr.key.sign(context, data))
            with pytest.raises(TocsinError):
                examine(encode(signed))


async def test_an_erased_warning_leaves_its_place_and_its_time(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr, one = await warned(alliance)
        read(ayr.house, one.id, ANA)
        before = examine(prove(ayr.house, one.id, ANA)).versions[0]
        await erase(police, one.id)
        await alliance.settled()
        with pytest.raises(Unknown):
            find(ayr.house, one.id)
        after = examine(prove(ayr.house, one.id, ANA)).versions[0]
        assert (after.added, after.version, after.title) == (before.added, 0, "")


async def test_a_record_that_was_changed_is_not_handed_out(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        _, ayr, one = await warned(alliance)
        take(ayr.house, one.id, ANA, took(ayr))
        change(ayr.database, "DELETE FROM case_line WHERE seq = 3")
        with pytest.raises(ProofError):
            prove(ayr.house, one.id, ANA)


async def test_what_no_firm_head_covers_is_not_handed_out(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.away = True
        one = await issued(police)
        await alliance.settled()
        read(ayr.house, one.id, ANA)
        with pytest.raises(Unwitnessed, match="covers all of it"):
            prove(ayr.house, one.id, ANA)
