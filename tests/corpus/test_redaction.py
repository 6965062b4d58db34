# SPDX-License-Identifier: Apache-2.0
"""How much the redactor hides and keeps of the texts with the truth about them; no kind may become worse.

The texts in `texts/` were read while the rules were written; those in `texts/held_out/` were not, and are counted
apart. What is missed of the latter is not printed, so that nobody reads them.
"""

import pytest
from tests.corpus.redaction_score import Tally, score
from tests.corpus.texts import FOLDER, HELD_OUT, banks, texts

FLOORS = {
    "coarsen amount": 0.99,
    "coarsen moment": 0.99,
    "hide account": 0.98,
    "hide customer-mail": 0.98,
    "hide person": 0.99,
    "hide phone": 0.98,
    "keep account": 0.98,
    "keep mail": 0.98,
    "keep malware": 0.98,
    "keep phone": 0.7,
    "keep url": 0.99,
}
"""A little below what was measured on the developed texts; of every other kind nothing is missed."""
LATER = {
    "second": {"hide": 0.95, "keep": 0.77, "coarsen": 0.97},
    "third": {"hide": 0.92, "keep": 0.72, "coarsen": 0.82},
}
"""Over all kinds of the texts that were read after they had been measured once, in sixty languages."""
UNREAD = {"hide": 0.945, "keep": 0.87, "coarsen": 0.94}
"""Over all kinds of texts that nobody who wrote rules has read. The goal is 0.98 and 1."""


def _told(tally: Tally) -> str:
    rows = (
        f"{k:<24}{tally.right[k]:>4} of {tally.there[k]:>4}  {tally.share(k):6.1%}"
        for k in sorted(tally.there)
    )
    return "\n" + "\n".join(rows)


def test_no_kind_is_hidden_or_kept_less_than_before() -> None:
    tally = score(texts(), banks())
    print(_told(tally))
    below = {kind: tally.share(kind) for kind in tally.there if tally.share(kind) < FLOORS.get(kind, 1.0)}
    assert not below, [
        wrong for wrong in tally.wrong if f"{wrong[2].partition(':')[0]} {wrong[1].kind}" in below
    ]


@pytest.mark.parametrize("name", LATER)
def test_texts_that_were_read_late_come_out_as_before(name: str) -> None:
    _comes_out(score(texts(FOLDER / name), banks(FOLDER / name)), LATER[name])


def test_texts_that_nobody_read_come_out_as_well() -> None:
    _comes_out(score(texts(HELD_OUT), banks(HELD_OUT)), UNREAD)


def _comes_out(tally: Tally, floors: dict[str, float]) -> None:
    print(_told(tally))
    for task, floor in floors.items():
        kinds = [kind for kind in tally.there if kind.startswith(task)]
        assert sum(tally.right[kind] for kind in kinds) >= floor * sum(tally.there[kind] for kind in kinds)
