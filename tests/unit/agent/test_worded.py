# SPDX-License-Identifier: Apache-2.0
"""A text on its way: a person or two, the case, the hub, another bank's inbox, and gone with its report."""

from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.unit.agent.readings import draft_of, found
from tests.unit.agent.test_decide import ANA, BO, NOBODY, with_settings

from tocsin.agent.drafts import Terms
from tocsin.agent.inbox import inbox
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.narration import Answers
from tocsin.agent.verbs.case import read as read_case
from tocsin.agent.verbs.decide import agree, by_person, by_rules, wait, waiting
from tocsin.agent.verbs.erase import erase
from tocsin.agent.verbs.report import Prepared, worded
from tocsin.errors import InputError, Malformed

LINK = found("url", "https://evil.example/a")
MEMBERS = Terms(("members",))
NOTE = "Two calls, then a link: evil.example.\nText came from 07700 900319."
TOLD = "Two calls, then a link: evil[.]example.\nText came from 07700 900319."


def prepared(agent: Agent, **given: tuple[str, ...]) -> Prepared:
    plain = Prepared("planted.eml", b"planted-file", Reading("mail", text="x"), draft_of(LINK))
    return worded(agent.house, NOBODY, plain, NOTE, Answers(**given))


def doubts(agent: Agent) -> tuple[str, ...]:
    narration = prepared(agent).draft.narration
    assert narration is not None
    return narration.doubts


def texts(agent: Agent) -> list[str]:
    return [
        text for group in inbox(agent.house, agent.levels(), agent.clock.now()).groups for text in group.texts
    ]


async def test_what_one_bank_tells_in_words_another_reads_until_it_is_taken_back(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bo = await alliance.join("ayr", follow=False), await alliance.join("bo")
        made = by_person(ayr.house, prepared(ayr, keep=doubts(ayr)), MEMBERS, ANA)
        assert made.queued is not None
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None, settled.problem
        await until(lambda: texts(bo) == [TOLD])
        (sent,) = read_case(ayr.house, made.queued.case).sent
        assert sent.text == TOLD
        erase(ayr.house, made.queued.report, "mistake", ANA)
        await ayr.deliver()
        await until(lambda: not texts(bo))
        assert not any(b"Two calls" in (body or b"") for *_, body in alliance.entries("members"))


async def test_with_a_doubt_open_it_neither_goes_nor_waits(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        assert doubts(ayr)
        for step in (
            lambda: by_person(ayr.house, prepared(ayr), MEMBERS, ANA),
            lambda: by_rules(ayr.house, prepared(ayr), MEMBERS, ANA),
            lambda: wait(ayr.house, prepared(ayr), MEMBERS, ANA),
        ):
            with pytest.raises(InputError, match="Whose is"):
                step()
        assert waiting(ayr.house) == []


async def test_where_two_must_agree_the_second_sees_what_was_written_and_what_leaves(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        house = with_settings(ayr, approvals=2)
        kept = by_person(house, prepared(ayr, drop=doubts(ayr)), MEMBERS, ANA).waiting
        assert kept is not None
        (seen,) = waiting(house)
        assert seen.draft.narration is not None
        assert (seen.draft.narration.written, seen.draft.narration.text) == (NOTE, seen.draft.disclosure.text)
        made = agree(house, NOBODY, kept.id, BO)
        assert made.approved is not None
        assert made.approved.disclosure.text == seen.draft.disclosure.text


@pytest.mark.parametrize("report_class", ["now", "mixed"])
async def test_no_anonymous_class_carries_a_text(tmp_path: Path, report_class: str) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        terms = msgspec.structs.replace(MEMBERS, report_class=report_class)
        with pytest.raises(Malformed, match="has no text"):
            by_person(ayr.house, prepared(ayr, drop=doubts(ayr)), terms, ANA)
