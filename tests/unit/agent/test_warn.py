# SPDX-License-Identifier: Apache-2.0
"""Four eyes before an agency warns, the names of its officers at home, and every step in its journal."""

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import bytes_of

from tocsin.agent.journal import read
from tocsin.agent.own_warnings import Content, OwnWarning
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.acknowledge import BY_ITSELF, acknowledge, acknowledge_new
from tocsin.agent.verbs.warn import Change
from tocsin.clock import DAY
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.linter import RULES, lint_observable
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency
from tocsin.domain.warning_life import State
from tocsin.errors import Conflict, Forbidden, Malformed, Refused, Unknown
from tocsin.proof.signing import Context
from tocsin.wire.messages import Warn, encode_warning
from tocsin.wire.registrable import registrable

EVIL, WORSE = (normalise(Kind.DOMAIN, name) for name in ("evil.example", "worse.example"))
CONTENT = Content("A second wave", (EVIL,), "Block it.", Urgency.URGENT, 14)
ANA, BO = "Ana Ferreira", "Bo Lindqvist"


def drafted(agent: Agent, content: Content = CONTENT, audiences: tuple[str, ...] = ()) -> OwnWarning:
    return warn.draft(agent.house, content, audiences, ANA)


async def issued(agent: Agent, content: Content = CONTENT, audiences: tuple[str, ...] = ()) -> OwnWarning:
    """Through all steps, with the hub's receipt."""
    one = drafted(agent, content, audiences)
    warn.approve(agent.house, one.id, BO)
    return await sent(agent, warn.issue(agent.house, one.id, BO))


async def sent(agent: Agent, one: OwnWarning) -> OwnWarning:
    (settled,) = await agent.deliver()
    assert settled.receipt is not None, settled.problem
    assert settled.id == one.message
    return one


async def test_an_agency_s_warning_needs_another_officer(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        one = drafted(police)
        assert one.state is State.DRAFT
        with pytest.raises(Conflict, match="Another officer approves it first"):
            warn.issue(police.house, one.id, BO)
        with pytest.raises(Forbidden, match="another officer does"):
            warn.approve(police.house, one.id, " ana FERREIRA")
        assert warn.approve(police.house, one.id, BO).state is State.APPROVED
        final = await sent(police, warn.issue(police.house, one.id, ANA))
        assert (final.state, final.officers(), final.issued) == (State.ISSUED, 2, police.clock.now())


async def test_a_changed_draft_is_approved_again(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        one = drafted(police)
        warn.approve(police.house, one.id, BO)
        changed = warn.update(police.house, one.id, Change(title="Another title", grading="admiralty:B2"), BO)
        assert (changed.version, changed.state, changed.approver) == (1, State.DRAFT, "")
        assert changed.content.look_for == (EVIL,)
        with pytest.raises(Forbidden):
            warn.approve(police.house, one.id, BO)
        assert warn.approve(police.house, one.id, ANA).author == BO


async def test_nobody_approves_words_that_took_the_place_of_those_they_read(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        read = drafted(police)
        warn.update(police.house, read.id, Change(measures="Block everything."), ANA)
        with pytest.raises(Conflict, match="changed after you opened it"):
            warn.approve(police.house, read.id, BO, seen=read.seen())
        (changed,) = warn.history(police.house, read.id)
        approved = warn.approve(police.house, read.id, BO, seen=changed.seen())
        with pytest.raises(Conflict, match="changed after you opened it"):
            warn.issue(police.house, read.id, BO, seen=read.seen())
        assert warn.issue(police.house, read.id, BO, seen=approved.seen()).state is State.ISSUED


async def test_a_desk_may_be_one_person_unless_it_demands_more_of_itself(tmp_path):
    async with Alliance(tmp_path) as alliance:
        desk = await alliance.join("desk", Role.DESK, follow=False)
        assert (await sent(desk, warn.issue(desk.house, drafted(desk).id, ANA))).officers() == 1
        strict = msgspec.structs.replace(
            desk.house, config=msgspec.structs.replace(desk.house.config, second_officer=True)
        )
        one = drafted(desk)
        with pytest.raises(Conflict):
            warn.issue(strict, one.id, BO)


@pytest.mark.parametrize("role", [Role.BANK, Role.REGULATOR])
async def test_a_role_that_does_not_warn_drafts_nothing(tmp_path, role: Role):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", role, follow=False)
        with pytest.raises(Forbidden, match="only an agency or the desk warns"):
            drafted(agent)


async def test_a_draft_that_could_not_be_issued_is_refused_at_once(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        with pytest.raises(Refused, match="look_for"):
            drafted(police, msgspec.structs.replace(CONTENT, look_for=()))
        with pytest.raises(Malformed, match="within"):
            drafted(police, msgspec.structs.replace(CONTENT, days=91))
        with pytest.raises(Malformed, match="audience"):
            drafted(police, audiences=("everybody",))
        with pytest.raises(Malformed, match="officer"):
            warn.draft(police.house, CONTENT, (), "  ")
        assert warn.written(police.house) == []


async def test_a_new_version_leaves_the_old_one_standing_until_it_is_issued(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        first = await issued(police)
        second = warn.update(police.house, first.id, Change(look_for=(WORSE,)), ANA)
        assert (second.version, second.state) == (2, State.DRAFT)
        assert warn.history(police.house, first.id)[0].state is State.ISSUED
        warn.approve(police.house, first.id, BO)
        await sent(police, warn.issue(police.house, first.id, ANA))
        assert [one.state for one in warn.history(police.house, first.id)] == [State.UPDATED, State.ISSUED]
        (listed,) = warn.written(police.house)
        assert listed.version == 2


async def test_what_ended_cannot_go_on(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        first = await issued(police)
        begun = warn.update(police.house, first.id, Change(days=30), ANA)
        warn.approve(police.house, begun.id, BO)
        police.clock.advance(14 * DAY)
        for step in (
            lambda: warn.issue(police.house, first.id, ANA),
            lambda: warn.withdraw(police.house, first.id, "Too late.", ANA),
        ):
            with pytest.raises(Conflict, match="expired"):
                step()


async def test_a_withdrawal_takes_a_prepared_version_with_it_and_is_final(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        first = await issued(police)
        warn.update(police.house, first.id, Change(title="Wave three"), ANA)
        with pytest.raises(Malformed, match="why"):
            warn.withdraw(police.house, first.id, " ", ANA)
        gone = await sent(police, warn.withdraw(police.house, first.id, "The host was cleaned.", ANA))
        assert gone.version == 3
        assert {one.state for one in warn.history(police.house, first.id)} == {State.WITHDRAWN}
        for step in (
            lambda: warn.update(police.house, first.id, Change(days=3), ANA),
            lambda: warn.approve(police.house, first.id, BO),
            lambda: warn.issue(police.house, first.id, BO),
            lambda: warn.withdraw(police.house, first.id, "Again.", BO),
        ):
            with pytest.raises(Conflict, match="final"):
                step()


async def test_a_draft_is_put_aside_without_a_message(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        gone = warn.withdraw(police.house, drafted(police).id, "Not ours.", ANA)
        assert (gone.state, gone.message) == (State.WITHDRAWN, "")
        assert await police.deliver() == []


async def test_every_step_is_in_the_journal_and_no_name_is_anywhere_else(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bank = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        one = await issued(police)
        await sent(police, warn.withdraw(police.house, one.id, "The host was cleaned.", ANA))
        await alliance.settled()
        with police.house.store.reading("journal") as tx:
            said = [(line.by, line.what, line.about) for line in read(tx, police.house.vault.box)]
        first = f"{one.id} version 1"
        assert said == [
            (ANA, "drafted a warning", first),
            (BO, "approved a warning", first),
            (BO, "issued a warning", first),
            (ANA, "withdrew a warning", f"{one.id} version 2"),
        ]
        for folder, name in (
            (tmp_path, "hub.db"),
            (police.house.folder, "agent.db"),
            (bank.house.folder, "agent.db"),
        ):
            assert ANA.encode() not in bytes_of(folder, name)
            assert BO.encode() not in bytes_of(folder, name)


async def test_nobody_knows_a_warning_that_was_not_written_here(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        with pytest.raises(Unknown):
            warn.approve(police.house, "wrn_1f0c2a645a3b4c8e9b1d0123456789ab", BO)


async def test_a_reader_answers_what_stands_and_nothing_else(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bank = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        one = await issued(police)
        await alliance.settled()
        with pytest.raises(Unknown):
            acknowledge(bank.house, "wrn_1f0c2a645a3b4c8e9b1d0123456789ab", Answer.ACTED, ANA)
        with pytest.raises(Conflict, match="wrote"):
            acknowledge(police.house, one.id, Answer.ACTED, ANA)
        acknowledge(bank.house, one.id, Answer.ACTED, ANA)
        for answer in (Answer.ACTED, Answer.RECEIVED):
            with pytest.raises(Conflict, match="already answered acted"):
                acknowledge(bank.house, one.id, answer, ANA)
        await sent(police, warn.withdraw(police.house, one.id, "The host was cleaned.", ANA))
        await alliance.settled()
        with pytest.raises(Conflict, match="withdrawn"):
            acknowledge(bank.house, one.id, Answer.NOT_AFFECTED, ANA)


async def test_by_standing_rule_each_version_is_received_once(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bank = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        assert acknowledge_new(bank.house) == 0
        one = await issued(police)
        await alliance.settled()
        assert [acknowledge_new(bank.house), acknowledge_new(bank.house)] == [1, 0]
        assert acknowledge_new(police.house) == 0, "not one's own"
        warn.update(police.house, one.id, Change(days=20), ANA)
        warn.approve(police.house, one.id, BO)
        await sent(police, warn.issue(police.house, one.id, BO))
        await alliance.settled()
        assert acknowledge_new(bank.house) == 1
        with bank.house.store.reading("journal") as tx:
            assert {line.by for line in read(tx, bank.house.vault.box)} == {BY_ITSELF}


BAD = [
    ("private-address", Observable(Kind.IPV4, "10.0.0.1")),
    ("too-wide", Observable(Kind.CIDR, "8.0.0.0/8")),
    ("unregistered", Observable(Kind.DOMAIN, "mail.corp")),
    ("address-in-url", Observable(Kind.URL, "https://evil.example/?to=jane@bank.example")),
    ("address-in-file-name", Observable(Kind.FILE_NAME, "for jane@bank.example.html")),
    ("institution", Observable(Kind.BIC, "HARRGB2L")),
    ("private-system", Observable(Kind.SYSTEM, "AS23456")),
]


def test_the_table_has_a_value_for_every_rule_of_the_linter() -> None:
    assert [name for name, _ in BAD] == [name for name, _ in RULES]
    for name, value in BAD:
        assert name in {finding.rule for finding in lint_observable(value, registrable, "")}


@pytest.mark.parametrize(("rule", "value"), BAD, ids=lambda one: one if isinstance(one, str) else "")
async def test_what_no_disclosure_may_hold_no_warning_may_look_for_here_or_at_the_hub(tmp_path, rule, value):
    """The hub asks by itself: an agency's agent that was changed leaves its own door open."""
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        with pytest.raises(Refused, match=r"look_for") as at_home:
            drafted(police, msgspec.structs.replace(CONTENT, look_for=(value,)))
        member = police.membership
        forged = drafted(police).signed_form(member.party, police.clock.now())
        data = encode_warning(msgspec.structs.replace(forged, look_for=(value,), officers=2))
        message = Warn(
            id=forged.id,
            sent=police.clock.now(),
            audiences=("all",),
            warning=data,
            signature=police.key.sign(Context("warning", member.realm, member.hub), data),
        )
        with pytest.raises(Refused) as at_hub:
            await police.tell(warn.PATH, message)
        assert at_hub.value.detail == at_home.value.detail


@pytest.mark.parametrize(
    "content",
    [
        msgspec.structs.replace(CONTENT, title="Mails in the name of AYR Bank arrive"),
        msgspec.structs.replace(CONTENT, measures="Block it.\nCustomers of Ayr  Bank plc were hurt."),
    ],
)
async def test_a_warning_whose_words_name_a_bank_is_refused(tmp_path, content: Content):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        await alliance.join("ayr", follow=False)
        await alliance.settled()
        with pytest.raises(Refused, match="It names Ayr Bank plc"):
            drafted(police, content)
        one = drafted(police)
        with pytest.raises(Refused, match="who was hurt"):
            warn.update(police.house, one.id, Change(title="Ayr Bank"), ANA)


async def test_a_bank_that_joined_since_the_draft_is_not_named_either(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        one = drafted(police, msgspec.structs.replace(CONTENT, title="Ayr Bank, a second wave"))
        warn.approve(police.house, one.id, BO)
        await alliance.join("ayr", follow=False)
        await alliance.settled()
        with pytest.raises(Refused, match="who was hurt"):
            warn.issue(police.house, one.id, BO)


@pytest.mark.parametrize("value", ["ayr.com", "login.ayr.co.uk", "police.example"])
async def test_a_genuine_name_is_nothing_to_look_for(tmp_path, value: str):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        await alliance.join("ayr", follow=False)
        await alliance.settled()
        wrong = normalise(Kind.DOMAIN, value)
        with pytest.raises(Refused, match=r"look_for\[1\]: It is not the attacker's"):
            drafted(police, msgspec.structs.replace(CONTENT, look_for=(EVIL, wrong)))
        drafted(
            police, msgspec.structs.replace(CONTENT, look_for=(normalise(Kind.DOMAIN, "ayr-login.example"),))
        )
