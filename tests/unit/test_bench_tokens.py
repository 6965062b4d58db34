# SPDX-License-Identifier: Apache-2.0
"""The benchmark of tokens walks the whole way of a token and of an envelope, however short it measures."""

import pytest

from tocsin.bench import tokens


def test_every_mechanism_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_SECONDS", 0.0)
    rows = list(tokens.run(1))
    assert [row.name.partition(",")[0] for row in rows] == [
        "tokens blinded",
        "tokens signed",
        "tokens finalised",
        "tokens checked",
        "envelopes of 16 kB sealed and opened",
        "the same by Oblivious HTTP and back",
    ]
    assert all(row.value > 0 < row.beside.value for row in rows)
