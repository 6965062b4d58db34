# SPDX-License-Identifier: Apache-2.0
"""Learns from the labelled texts what everything around a value is worth, and writes `whose_worth.toml`.

    python -m tests.corpus.learn_whose

Logistic regression in plain Python: every feature counts for all kinds of values and again for its own, so that what
holds of phones helps where there are few accounts; L2 keeps both small. The same texts give the same figures. What
`cross_validated` says is the honest figure: each text is told by what was learned from others. By it the margins are
chosen, so that what is learned may cost a bank some evidence, and hardly ever a customer.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from unittest.mock import patch

import msgspec
from tests.corpus.redaction_score import declared
from tests.corpus.texts import DEVELOPED, Bank, Text, banks, texts

from tocsin.agent.redaction.narrative import walk, whose
from tocsin.agent.redaction.narrative.whose import Learned, Whose

ROUNDS = 25
RATE = 0.25
RIDGE = 1.0
WORD = 0.5
"""What a single word may say beside what a feature may that every language knows."""
LEAST_TEXTS = 3
"""Texts in which a feature must stand."""
SMALLEST = 0.04
"""What counts for nothing."""
HIDDEN = {"account": 0.98, "mail": 0.98, "phone": 0.97}
"""The part of what must go that a margin lets go, by kind, in texts that nothing was learned from."""
FILE = Path(whose.__file__).with_name("whose_worth.toml")

Worth = dict[str, dict[str, float]]


class Example(msgspec.Struct, frozen=True):
    """One value in one text, everything seen about it, and whose it is."""

    text: str
    language: str
    what: str
    seen: dict[str, float]
    is_attackers: bool
    share: float = 1.0
    """One part of as many as the value was looked at."""


def examples_of(text: Text, bank: Bank) -> list[Example]:
    """What the redactor sees when it asks whose a value is, if it is always told the truth."""
    truth = {_bare(span.value): False for span in text.hide} | {_bare(span.value): True for span in text.keep}
    found: list[tuple[str, str, dict[str, float], bool]] = []

    class Told(Whose):
        def balance(self, start: int, end: int, what: str, said: Iterable[str] = ()) -> float:
            value = _bare(self._board.text[start:end])
            answers = {answer for known, answer in truth.items() if known in value or value in known}
            if len(answers) != 1:
                return -1.0
            seen = self.evidence(start, end, what, said)
            self._last[what] = answers == {True}
            found.append((value, what, seen, answers == {True}))
            return 1.0 if answers == {True} else -1.0

    with patch.object(walk, "Whose", Told):
        walk.redact_text(text.text, declared(bank))
    often = Counter((value, what) for value, what, *_ in found)
    return [
        Example(text.id, text.language, what, seen, answer, 1 / often[value, what])
        for value, what, seen, answer in found
    ]


def learn(examples: Sequence[Example]) -> Worth:
    """What each feature is worth, by the kind of value."""
    stands: dict[tuple[str, str], set[str]] = {}
    for one in examples:
        for name in one.seen:
            stands.setdefault((one.what, name), set()).add(one.text)
    everywhere = Counter[str]()
    for (_, name), some in stands.items():
        everywhere[name] += len(some)
    rows = [(_row(one, everywhere), one.is_attackers, one.share) for one in examples]
    weights = _descend(rows)
    kinds = sorted({one.what for one in examples})
    worth: Worth = {}
    for kind in kinds:
        names = sorted(name for what, name in stands if what == kind and everywhere[name] >= LEAST_TEXTS)
        said = {
            name: (weights.get(name, 0.0) + weights.get((kind, name), 0.0)) * _scale(name) for name in names
        }
        worth[kind] = {name: round(much, 2) for name, much in said.items() if abs(much) >= SMALLEST}
    return worth


def _row(one: Example, everywhere: Counter[str]) -> list[tuple[object, float]]:
    row: list[tuple[object, float]] = []
    for name, much in one.seen.items():
        if everywhere[name] >= LEAST_TEXTS:
            row += [(name, much * _scale(name)), ((one.what, name), much * _scale(name))]
    return row


def _scale(name: str) -> float:
    return WORD if "…" in name or "@" in name else 1.0


def _descend(rows: Sequence[tuple[list[tuple[object, float]], bool, float]]) -> dict[object, float]:
    """AdaGrad over the rows in an order that is always the same."""
    weights: dict[object, float] = {}
    squares: dict[object, float] = {}
    often = Counter(name for row, *_ in rows for name, _ in row)
    order = list(range(len(rows)))
    chance = random.Random(7)
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for at in order:
            row, answer, share = rows[at]
            said = sum(weights.get(name, 0.0) * much for name, much in row)
            off = share * ((1.0 if answer else 0.0) - 1 / (1 + math.exp(-max(-30.0, min(30.0, said)))))
            for name, much in row:
                step = off * much - RIDGE / often[name] * weights.get(name, 0.0)
                squares[name] = squares.get(name, 0.0) + step * step
                weights[name] = weights.get(name, 0.0) + RATE * step / (1e-3 + math.sqrt(squares[name]))
    return weights


def speaks(worth: Worth, one: Example) -> float:
    """What everything seen about a value is worth by what was learned: log-odds for the attacker."""
    return sum(worth.get(one.what, {}).get(name, 0.0) * much for name, much in one.seen.items())


def cross_validated(examples: Sequence[Example], fold_of: dict[str, int]) -> Iterator[tuple[Example, float]]:
    """Every example with what speaks by those of the other folds; `fold_of` by the text's id."""
    for fold in sorted(set(fold_of.values())):
        worth = learn([one for one in examples if fold_of[one.text] != fold])
        yield from ((one, speaks(worth, one)) for one in examples if fold_of[one.text] == fold)


def margins(said: Iterable[tuple[Example, float]]) -> dict[str, float]:
    """By kind, the least margin under which `HIDDEN` of what must go goes; `said` by `cross_validated`."""
    goes: dict[str, list[tuple[float, float]]] = {}
    for one, much in said:
        if not one.is_attackers:
            goes.setdefault(one.what, []).append((much, one.share))
    return {
        what: max(0.0, math.ceil(_quantile(some, HIDDEN[what]) * 10) / 10)
        for what, some in sorted(goes.items())
    }


def _quantile(some: Sequence[tuple[float, float]], part: float) -> float:
    """The first of the figures in order up to which a part of all shares lies."""
    least = part * sum(share for _, share in some)
    ordered = sorted(some)
    upto = accumulate(share for _, share in ordered)
    return next(much for (much, _), share in zip(ordered, upto, strict=True) if share >= least)


def developed() -> list[Example]:
    """All examples of the texts that rules may be made of."""
    return [
        one
        for folder in DEVELOPED
        for known in [banks(folder)]
        for text in texts(folder)
        for one in examples_of(text, known[text.bank])
    ]


def _bare(value: str) -> str:
    return "".join(filter(str.isalnum, value.lower()))


def _written(learned: Learned) -> bytes:
    head = (
        "# SPDX-License-Identifier: Apache-2.0\n"
        "# What each thing around a value speaks for the attacker (log-odds), by the kind of value. Written by\n"
        "# `python -m tests.corpus.learn_whose`; do not edit. `…` stands for the value, `@` for what is beside it.\n"
        "# A value stays when all of it is worth more than the margin: the least at which enough of what must go does\n"
        f"# in texts that nothing was learned from ({', '.join(f'{what} {part}' for what, part in HIDDEN.items())}).\n"
    )
    tables = {"margin": learned.margin} | {f"worth.{what}": worth for what, worth in learned.worth.items()}
    return (head + "".join(f"\n[{name}]\n{_lines(said)}" for name, said in tables.items())).encode()


def _lines(said: dict[str, float]) -> str:
    return "".join(f"{msgspec.json.encode(name).decode()} = {much}\n" for name, much in said.items())


def folds(examples: Sequence[Example], by: str) -> dict[str, int]:
    """Which part each text falls into: ten by `text`, or one for each `language`."""
    if by == "text":
        return {name: at % 10 for at, name in enumerate(dict.fromkeys(one.text for one in examples))}
    languages = sorted({one.language for one in examples})
    return {one.text: languages.index(one.language) for one in examples}


if __name__ == "__main__":
    every = developed()
    margin = margins(cross_validated(every, folds(every, "text")))
    FILE.write_bytes(_written(Learned(margin=margin, worth=learn(every))))
