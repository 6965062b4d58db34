# SPDX-License-Identifier: Apache-2.0
"""The benchmark of the anonymous path goes the whole way of an envelope at each of the three, however short."""

import pytest

from tocsin.bench import anonymous


def test_every_cost_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, small in (("_REPORTS", 3), ("_MEMBERS", 3), ("_TOKENS", 3)):
        monkeypatch.setattr(anonymous, name, small)
    for served in (anonymous.disclosure, anonymous.slotload):  # real processes, the latter with 5,000 readers
        monkeypatch.setattr(served, "measured", lambda chance, load: iter(()))
    rows = list(anonymous.run(1))
    assert [row.name for row in rows[:2]] == [
        "a mixed report, without HTTP",
        "tokens of an epoch for 5,000 members",
    ]
    day = [row for row in rows if row.name.startswith("a day's cover of ")]
    assert len(day) == 12 == len(rows) - 2
    assert all(row.value > 0 < row.beside.value for row in rows)
