# SPDX-License-Identifier: Apache-2.0
"""A text beside a draft: redacted, its doubts answered, its links those of the disclosure, and the linter last."""

import msgspec
import pytest
from tests.unit.agent.readings import NORTH, NOW, draft_of, found, mail

from tocsin.agent.redaction.approve import approve, approve_by_rule, outgoing
from tocsin.agent.redaction.narration import Answers, Narration, narrate, narrated
from tocsin.agent.redaction.redact import Draft
from tocsin.config.agent import OwnAssets
from tocsin.domain.disclosure import Attack
from tocsin.domain.observable import Kind
from tocsin.domain.standing_rule import StandingRule
from tocsin.errors import InputError, Refused

OWN = OwnAssets(legal_name="Northmoor Bank plc", domains=("northmoor.example",))
LINK = found("url", "https://evil.example/a?email=quirina")
READING = mail(LINK, recipients=("quirina.oakes@northmoor.example",))
DRAFT = draft_of(reading=READING)
NOTE = """Mrs Penny Larkspur of Northmoor lost £300 at 10:42.
The page was hxxps://evil[.]example/a
Text came from 07700 900319
"""


def told(written: str, draft: Draft = DRAFT, **given: tuple[str, ...]) -> Narration:
    return narrate(written, draft.disclosure, READING, OWN, NORTH, Answers(**given))


def worded(written: str, **given: tuple[str, ...]) -> Draft:
    narration = told(written, **given)
    disclosure = narrated(DRAFT.disclosure, narration)
    return msgspec.structs.replace(DRAFT, disclosure=disclosure, narration=narration)


def test_who_was_hurt_goes_and_the_evidence_stays() -> None:
    narration = told(NOTE)
    for gone in ("Larkspur", "Northmoor", "£300", "10:42", "07700"):
        assert gone not in narration.text
    assert "hxxps://evil[.]example/a" in narration.text
    assert narration.doubts == ("[phone 1]",)
    assert narration.written == NOTE.strip()
    assert dict(narration.counts)["person"] == 1


def test_nobody_approves_it_while_a_doubt_is_open() -> None:
    with pytest.raises(InputError, match=r"Whose is \[phone 1\]\?"):
        approve(worded(NOTE), "Ana Ferreira", NOW)


@pytest.mark.parametrize(
    ("given", "last"),
    [
        ({"keep": ("[phone 1]",)}, "Text came from 07700 900319"),
        ({"drop": ("[phone 1]",)}, "Text came from [phone 1]"),
        ({"drop": ("[phone 1]",), "hide": ("page",)}, "Text came from [phone 1]"),
    ],
    ids=["kept", "dropped", "hidden"],
)
def test_a_person_answers_and_exactly_that_leaves(given: dict[str, tuple[str, ...]], last: str) -> None:
    approved = approve(worded(NOTE, **given), "Ana Ferreira", NOW)
    assert approved.disclosure.text.splitlines()[-1] == last


@pytest.mark.parametrize("given", [{"keep": ("[person 1]",)}, {"drop": ("[phone 7]",)}], ids=["sure", "none"])
def test_an_answer_to_no_doubt_is_refused(given: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InputError, match="none of the doubts"):
        told(NOTE, **given)


def test_whom_the_file_was_written_to_goes_though_nobody_declared_them() -> None:
    assert "quirina" not in told("then quirina opened it, said oakes.").text.lower()


def test_a_link_leaves_as_far_as_the_disclosure_tells_it() -> None:
    said = told("It was https://evil.example/a?email=quirina and then evil.example/b/penny, twice.").text
    assert said == "It was hxxps://evil[.]example/a and then evil[.]example, twice."


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("Ask at help.other.com for it.", "a host"),
        ("Mail came from boss@other.com again and again.", "an address"),
        ("It came from 9.9.9.9.", "an IP address"),
    ],
)
def test_what_the_report_does_not_tell_is_not_told_in_words(written: str, rule: str) -> None:
    with pytest.raises(Refused, match=rf"text, line 1: It names {rule}"):
        narrated(DRAFT.disclosure, told(written))


def test_a_text_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="2,000 characters"):
        narrated(DRAFT.disclosure, told("They called again. " * 200))


def test_no_standing_rule_lets_a_text_go() -> None:
    rule = StandingRule("links", frozenset(Attack), frozenset(Kind))
    plain, with_text = DRAFT, worded("They called twice.")
    assert approve_by_rule(plain, outgoing(plain, "mail", "named", ("members",)), [rule], NOW).unattended
    with pytest.raises(Refused, match="links does not cover a text"):
        approve_by_rule(with_text, outgoing(with_text, "mail", "named", ("members",)), [rule], NOW)


def test_redacting_what_leaves_once_more_changes_nothing() -> None:
    once = told(NOTE, drop=("[phone 1]",))
    assert told(once.text).text == once.text
