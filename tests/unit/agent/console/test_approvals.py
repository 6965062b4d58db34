# SPDX-License-Identifier: Apache-2.0
"""Approvals: what a person does not change stays, and the page shows all of the terms under which it would leave."""

from pathlib import Path

import msgspec
from tests.unit.agent.test_decide import ANA, MEMBERS, bank
from tests.unit.agent.test_revise import LINK, NOBODY, READING

from tocsin.agent.console.desk import Desk
from tocsin.agent.console.frame import Frame
from tocsin.agent.console.rooms import approvals
from tocsin.agent.people.person import Person, Role
from tocsin.agent.redaction.redact import redact
from tocsin.agent.verbs.decide import wait, waiting
from tocsin.agent.verbs.report import Prepared
from tocsin.clock import DAY, Instant, minute
from tocsin.domain.disclosure import Attack
from tocsin.web.pages.page import Asked, Page

JANE = Person("per_" + "1" * 32, "Jane Doe", frozenset({Role.ANALYST}), "")
FORM = (
    ("attack", "fraud"),
    ("grain", "week"),
    ("tlp", "TLP:GREEN"),
    ("audience", "members"),
    ("class", "named"),
    ("names", str(LINK.observable)),
)


async def test_a_change_keeps_the_embargo_and_the_case_and_the_page_shows_them(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        house = agent.house
        until, case = Instant(house.clock.now() + DAY), "cas_" + "2" * 32
        terms = msgspec.structs.replace(MEMBERS, not_before=until, case=case, by_name=True)
        now = house.clock.now()
        draft = redact(READING, NOBODY, attack=Attack.PHISHING, now=now, entropy=house.entropy)
        one = wait(house, Prepared("phish.eml", b"mail", READING, draft), terms, ANA).id
        desk, path = Desk(house, lambda: None), {"draft": one}
        approvals.change(desk, JANE, Asked(path, fields=(*FORM, ("embargo", "on"), ("by-name", "on"))))
        (left,) = waiting(house)
        assert left.draft.disclosure.attack is Attack.FRAUD
        assert (left.terms.not_before, left.terms.case, left.terms.by_name) == (until, case, True)
        page, frame = approvals.one(desk, JANE, Asked(path)), Frame()
        assert isinstance(page, Page)
        shown = frame.html(page, frame.about(desk, None, "", "/"))
        assert minute(until) in shown
        assert case in shown
        approvals.change(desk, JANE, Asked(path, fields=FORM))
        assert waiting(house)[0].terms == msgspec.structs.replace(left.terms, not_before=0, by_name=False)
