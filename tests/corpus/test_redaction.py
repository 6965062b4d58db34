# SPDX-License-Identifier: Apache-2.0
"""How much the redactor hides and keeps of the texts with the truth about them; no kind may become worse.

What is wrong is of two sorts (docs/adr/0055): what a person is asked about, who puts it right, and what nobody is.

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
    "keep phone": 0.69,
    "keep url": 0.99,
}
"""A little below what was measured on the developed texts; of every other kind nothing is missed."""
LATER = {
    "second": {"hide": (0.965, 0.97), "keep": (0.765, 0.98), "coarsen": (0.97, 0.97)},
    "third": {"hide": (0.94, 0.94), "keep": (0.72, 0.985), "coarsen": (0.82, 0.82)},
}
"""Over all kinds of the texts that were read after they had been measured once, in sixty languages: what comes out
right alone, and when a person answers what is asked."""
UNREAD = {"hide": (0.96, 0.965), "keep": (0.87, 0.97), "coarsen": (0.94, 0.94)}
"""Over all kinds of texts that nobody who wrote rules has read (but see docs/adr/0059). The goal is 0.98 and 1."""
QUESTIONS = {"second": 2.6, "third": 2.6, "held out": 1.1}
"""For each text, at most."""


def _told(tally: Tally) -> str:
    rows = [
        f"{k:<24}{tally.right[k]:>4} of {tally.there[k]:>4}  {tally.share(k):6.1%}  asked {tally.asked[k]:>3}"
        for k in sorted(tally.there)
    ]
    for task in ("hide", "keep", "coarsen"):
        alone, answered = tally.share_of(task)
        rows.append(f"{task:<9}{alone:6.1%}, when a person answers {answered:6.1%}")
    return "\n".join(("", *rows, f"{tally.questions / tally.texts:.1f} questions a text"))


def test_no_kind_is_hidden_or_kept_less_than_before() -> None:
    tally = score(texts(), banks())
    print(_told(tally))
    below = {kind: tally.share(kind) for kind in tally.there if tally.share(kind) < FLOORS.get(kind, 1.0)}
    assert not below, [
        wrong for wrong in tally.wrong if f"{wrong[2].partition(':')[0]} {wrong[1].kind}" in below
    ]


@pytest.mark.parametrize("name", LATER)
def test_texts_that_were_read_late_come_out_as_before(name: str) -> None:
    _comes_out(score(texts(FOLDER / name), banks(FOLDER / name)), LATER[name], QUESTIONS[name])


def test_texts_that_nobody_read_come_out_as_well() -> None:
    _comes_out(score(texts(HELD_OUT), banks(HELD_OUT)), UNREAD, QUESTIONS["held out"])


def _comes_out(tally: Tally, floors: dict[str, tuple[float, float]], questions: float) -> None:
    print(_told(tally))
    for task, (alone, answered) in floors.items():
        assert tally.share_of(task)[0] >= alone
        assert tally.share_of(task)[1] >= answered
    assert tally.questions / tally.texts <= questions
