# SPDX-License-Identifier: Apache-2.0
"""Ordinary mail that a bank reports by mistake switches nothing on at anybody's.

The agent cannot know what is a phish: a person or a standing rule says so. What a mistake costs is decided at the
receivers: one bank's word is `watch`, whatever it reports. Two banks that make the same mistake are two sources; how
many values that would touch is printed, because it is not prevented, except by a guard or a warning list.
"""

from collections import Counter
from pathlib import Path

import pytest
from tests.corpus.banks import KNOWN
from tests.corpus.drafts import agent_of, draft_of

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.shields.guard import guard_for
from tocsin.config.agent import OwnAssets
from tocsin.domain.level import Band, Evidence, Level, judge
from tocsin.domain.observable import Observable

pytestmark = [pytest.mark.corpus, pytest.mark.processes]


def test_nothing_of_ordinary_mail_is_proposed_above_watch(data_dir: Path) -> None:
    sender, receiver = agent_of("lloyds"), agent_of("santander")
    guard = guard_for(OwnAssets(KNOWN["santander"][0], domains=(KNOWN["santander"][1],)), receiver)
    mails, drafted = 0, 0
    told: Counter[Observable] = Counter()
    with ReaderChild() as child:
        for path in sorted(path for path in (data_dir / "mail/ham").rglob("*") if path.is_file()):
            mails += 1
            if draft := draft_of(child.read(path.read_bytes(), path.name), sender):
                drafted += 1
                told.update({indicator.observable for indicator in draft.disclosure.indicators})
    levels = Counter(judge(Evidence(named=Band.ONE, guards=guard(value))).level for value in told)
    both = sum(count > 1 and not guard(value) for value, count in told.items())
    print(
        f"\n{mails} ordinary mails: a draft of {drafted}, {len(told)} values, proposed as {dict(levels)};",
        end=" ",
    )
    print(f"{both} stand in several mails: two banks that both reported such would make them `block`")
    assert mails > 150
    assert len(told) > 100
    assert set(levels) == {Level.WATCH}
