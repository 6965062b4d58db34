# SPDX-License-Identifier: Apache-2.0
"""What becomes of a draft: rules, one person, two people, a refusal; and what the journal says of each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import bytes_of, look
from tests.unit.agent.readings import draft_of, found

from tocsin.agent.drafts import MOST, Terms
from tocsin.agent.house import House
from tocsin.agent.journal import read
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.corrections import Correction, Corrections
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.verbs.case import read as read_case
from tocsin.agent.verbs.decide import agree, by_person, by_rules, refuse, ruling, wait, waiting
from tocsin.agent.verbs.report import Prepared, send
from tocsin.config.agent import DeclaredRule
from tocsin.domain.observable import Kind
from tocsin.errors import Conflict, Forbidden, Malformed, Refused, Unknown

ANA, BO, CY = "Ana Ferreira", "Bo Lindqvist", "Cy Okafor"
LINK, SENDER = found("url", "https://evil.example/a"), found("email", "evil@evil.example", "sender")
MEMBERS = Terms(("members",))
NOBODY = Classifier(assets_of("Ayr Bank plc", domains=("ayr.example",)))
RULE = DeclaredRule("links", ("phishing",), ("url",))


def prepared(*values, data: bytes = b"planted-file") -> Prepared:
    return Prepared("planted-name.eml", data, Reading("mail", text="planted-text"), draft_of(*values))


def with_settings(agent: Agent, *rules: DeclaredRule, approvals: int = 1) -> House:
    config = msgspec.structs.replace(agent.house.config, standing_rules=rules, approvals=approvals)
    return msgspec.structs.replace(agent.house, config=config)


def journal(house: House) -> list[tuple[str, str]]:
    with house.store.reading("journal") as tx:
        return [(line.by, line.what) for line in read(tx, house.vault.box)]


def queued(agent: Agent) -> int:
    return len(look(agent.database, "SELECT id FROM outbox"))


@asynccontextmanager
async def bank(folder: Path) -> AsyncIterator[Agent]:
    """One bank of an alliance."""
    async with Alliance(folder) as alliance:
        yield await alliance.join("ayr", follow=False)


async def test_without_a_rule_a_draft_waits_and_nothing_is_queued(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        made = by_rules(ayr.house, prepared(LINK), MEMBERS, "gateway")
        assert made.queued is None
        assert made.waiting is not None
        assert made.waiting.reasons == ("no standing rule is declared",)
        assert waiting(ayr.house) == [made.waiting]
        assert queued(ayr) == 0
        assert journal(ayr.house) == [("gateway", "drafted a report")]


async def test_what_a_rule_covers_is_queued_at_once(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house = with_settings(ayr, RULE, approvals=2)
        made = by_rules(house, prepared(LINK), MEMBERS, "gateway")
        assert made.waiting is None
        assert made.queued is not None
        assert made.approved is not None
        assert made.approved.unattended
        assert journal(house) == [("rule links", "wrote in a case"), ("rule links", "approved a report")]
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None


async def test_a_rule_for_a_part_sends_it_and_the_rest_waits_under_its_own_identifier(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house = with_settings(ayr, msgspec.structs.replace(RULE, whole=False))
        made = by_rules(house, prepared(LINK, SENDER), MEMBERS, "gateway")
        assert made.approved is not None
        assert made.queued is not None
        assert made.waiting is not None
        assert [i.observable.kind for i in made.approved.disclosure.indicators] == [Kind.URL]
        assert [i.observable.kind for i in made.waiting.draft.disclosure.indicators] == [Kind.EMAIL]
        rest = agree(house, NOBODY, made.waiting.id, BO)
        assert rest.queued is not None
        assert rest.queued.report != made.queued.report
        assert [one.receipt is not None for one in await ayr.deliver()] == [True, True]


async def test_a_rule_is_asked_of_the_terms_too(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house = with_settings(ayr, RULE)
        assert ruling(house, prepared(LINK), MEMBERS).rule == "links"
        assert ruling(house, prepared(LINK), Terms(("all",))).reasons == (
            "links does not cover the audience all",
        )


async def test_one_person_is_enough_unless_the_bank_wants_two(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        assert by_person(ayr.house, prepared(LINK), MEMBERS, ANA).queued is not None
        house = with_settings(ayr, approvals=2)
        made = by_person(house, prepared(LINK), MEMBERS, ANA)
        assert made.queued is None
        assert made.waiting is not None
        assert made.waiting.agreed == (ANA,)
        assert queued(ayr) == 1


async def test_the_second_person_is_another_one_however_the_name_is_spelled(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house = with_settings(ayr, approvals=2)
        kept = by_person(house, prepared(LINK), MEMBERS, ANA).waiting
        assert kept is not None
        with pytest.raises(Forbidden, match="another person does"):
            agree(house, NOBODY, kept.id, " ana  FERREIRA ")
        made = agree(house, NOBODY, kept.id, BO)
        assert made.approved is not None
        assert made.approved.by == f"person {ANA} and person {BO}"
        assert waiting(house) == []
        assert journal(house) == [
            (ANA, "drafted and agreed to a report"),
            (BO, "agreed to a report"),
            (f"person {ANA} and person {BO}", "wrote in a case"),
            (f"person {ANA} and person {BO}", "approved a report"),
        ]


async def test_whoever_only_brought_a_file_has_agreed_to_nothing(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house = with_settings(ayr, approvals=2)
        kept = by_rules(house, prepared(LINK), MEMBERS, ANA).waiting
        assert kept is not None
        first = agree(house, NOBODY, kept.id, BO)
        assert first.queued is None
        assert first.waiting is not None
        assert first.waiting.agreed == (BO,)
        assert agree(house, NOBODY, kept.id, CY).queued is not None


async def test_what_was_sent_is_exactly_what_waited_with_its_file_in_the_case(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        kept = wait(ayr.house, prepared(LINK, SENDER), Terms(("all",)), ANA)
        made = agree(ayr.house, NOBODY, kept.id, BO)
        assert made.approved is not None
        assert made.queued is not None
        assert made.approved.disclosure == kept.draft.disclosure
        assert read_case(ayr.house, made.queued.case).title == "planted-name.eml"
        assert look(ayr.database, "SELECT digest FROM evidence") == [(kept.digest,)]
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None
        assert "all" in {stream for stream, size in ayr.alliance.sizes().items() if size}


async def test_a_refusal_says_why_and_nothing_of_the_draft_is_kept(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        kept = wait(ayr.house, prepared(LINK), MEMBERS, ANA)
        with pytest.raises(Malformed, match="why"):
            refuse(ayr.house, kept.id, BO, " ")
        refuse(ayr.house, kept.id, BO, "A genuine newsletter.")
        with ayr.house.store.reading("journal") as tx:
            last = read(tx, ayr.house.vault.box)[-1]
        assert (last.by, last.what, last.about, last.why) == (
            BO,
            "refused a report",
            kept.id,
            "A genuine newsletter.",
        )
        assert look(ayr.database, "SELECT id FROM draft") == []
        for again in (
            lambda: agree(ayr.house, NOBODY, kept.id, BO),
            lambda: refuse(ayr.house, kept.id, BO, "x"),
        ):
            with pytest.raises(Unknown):
                again()
        assert queued(ayr) == 0


async def test_of_two_who_agree_at_the_same_moment_one_is_told_to_look_again(
    tmp_path: Path, monkeypatch
) -> None:
    async with bank(tmp_path) as ayr:
        house = with_settings(ayr, approvals=2)
        kept = wait(house, prepared(LINK), MEMBERS, ANA)

        class Slow(Classifier):
            def kept_home(self, observable):
                if len(waiting(house)[0].agreed) == 0:
                    agree(house, NOBODY, kept.id, BO)
                return super().kept_home(observable)

        with pytest.raises(Conflict, match="same moment"):
            agree(house, Slow(NOBODY.own), kept.id, CY)
        assert waiting(house)[0].agreed == (BO,)


@pytest.mark.parametrize("owner", [Owner.OURS, Owner.CUSTOMER, Owner.BYSTANDER])
async def test_what_was_corrected_since_does_not_leave(tmp_path: Path, owner: Owner) -> None:
    async with bank(tmp_path) as ayr:
        kept = wait(ayr.house, prepared(LINK), MEMBERS, ANA)
        word = Correction("cor_1", LINK.observable, owner, CY, ayr.clock.now(), "asked them")
        with pytest.raises(Refused, match="asked them"):
            agree(ayr.house, Classifier(NOBODY.own, corrections=Corrections((word,))), kept.id, BO)
        assert [one.id for one in waiting(ayr.house)] == [kept.id]


async def test_what_has_become_an_own_asset_since_does_not_leave(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        kept = wait(ayr.house, prepared(LINK), MEMBERS, ANA)
        with pytest.raises(Refused, match="your own"):
            agree(ayr.house, Classifier(assets_of("Ayr Bank plc", domains=("evil.example",))), kept.id, BO)


async def test_no_verb_sends_what_too_few_people_approved(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        approved = approve(prepared(LINK).draft, ANA, ayr.clock.now())
        with pytest.raises(Forbidden, match="approvals = 2"):
            send(with_settings(ayr, approvals=2), prepared(LINK), approved, "named", ("members",))
        assert queued(ayr) == 0


async def test_of_one_file_for_the_same_readers_only_the_newest_waits(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        first = wait(ayr.house, prepared(LINK), MEMBERS, ANA)
        other = wait(ayr.house, prepared(LINK), Terms(("all",)), ANA)
        newest = wait(ayr.house, prepared(LINK, SENDER), MEMBERS, ANA)
        assert {one.id for one in waiting(ayr.house)} == {other.id, newest.id}
        with pytest.raises(Unknown):
            agree(ayr.house, NOBODY, first.id, BO)


async def test_drafts_that_wait_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bank(tmp_path) as ayr:
        assert MOST == 1_000
        monkeypatch.setattr("tocsin.agent.drafts.MOST", 2)
        for number in range(2):
            wait(ayr.house, prepared(LINK, data=bytes([number])), MEMBERS, ANA)
        with pytest.raises(Conflict, match="wait already"):
            wait(ayr.house, prepared(LINK, data=b"more"), MEMBERS, ANA)


async def test_nothing_of_a_draft_is_readable_on_the_disk(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        wait(ayr.house, prepared(LINK), MEMBERS, ANA)
        stored = bytes_of(ayr.house.folder, "agent.db")
        for word in (b"planted-file", b"planted-name", b"planted-text", b"evil.example", ANA.encode()):
            assert word not in stored


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
async def test_a_person_has_a_name(tmp_path: Path, name: str) -> None:
    async with bank(tmp_path) as ayr:
        kept = wait(ayr.house, prepared(LINK), MEMBERS, ANA)
        with pytest.raises(Malformed, match="name"):
            agree(ayr.house, NOBODY, kept.id, name)
