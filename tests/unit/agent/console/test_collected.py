# SPDX-License-Identifier: Apache-2.0
"""Collected: what a person chose of each document leaves, and a file of which a part became no draft waits on."""

from pathlib import Path

import pytest
from tests.unit.agent.console.test_approvals import JANE
from tests.unit.agent.test_decide import bank
from tests.unit.agent.test_revise import READING, SEEN

from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.console.desk import Desk
from tocsin.agent.console.rooms import collected
from tocsin.agent.readers.documents import Document
from tocsin.agent.verbs.decide import waiting
from tocsin.errors import NothingToShare, Unreadable
from tocsin.web.pages.page import Asked, Elsewhere

WHOLE = Document("two.zip > a.eml", b"mail", READING)
BROKEN = Document("two.zip > b.eml", b"", error=Unreadable("It is encrypted."))


async def test_nothing_of_a_file_is_lost_that_became_no_draft(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        house, about = agent.house, About("folder in", "two.zip", "", 0)
        item = house.store.run("keep", lambda tx: Queue(house).add(tx, about, b"zip"))
        desk, asked = (
            Desk(house, lambda: None),
            Asked({"item": item}, fields=(("names", str(SEEN.observable)),)),
        )
        with pytest.raises(Unreadable):
            collected.draft(desk, JANE, asked, [BROKEN])
        with pytest.raises(NothingToShare):
            collected.draft(desk, JANE, asked, [])
        assert waiting(house) == []
        went = collected.draft(desk, JANE, asked, [WHOLE, BROKEN])
        (made,) = waiting(house)
        assert went == Elsewhere(f"/approvals/{made.id}")
        assert SEEN.observable in {one.observable for one in made.draft.disclosure.indicators}
        assert [one.id for one in Queue(house).waiting()] == [item], "its other part may be read yet"
        collected.draft(desk, JANE, asked, [WHOLE])
        assert Queue(house).waiting() == []
        assert len(waiting(house)) == 1, "the same file for the same readers waits once"
