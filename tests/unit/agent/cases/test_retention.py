# SPDX-License-Identifier: Apache-2.0
"""A case is let go at its age, with its bytes; never while it is held; and one that is broken costs no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.looking import bytes_of, change, look
from tests.unit.agent.cases.test_ledger import FILE, Vault

from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Closed, Held, Noted, Opened, Released, Reopened, TakenOut
from tocsin.agent.cases.retention import ends, sweep
from tocsin.clock import DAY, Instant
from tocsin.ids import Entropy

DAYS = 30


@pytest.fixture
def vault(tmp_path: Path, entropy: Entropy) -> Iterator[Vault]:
    vault = Vault(tmp_path, entropy)
    yield vault
    vault.store.close()


def after(vault: Vault, day: float) -> list[str]:
    """What a sweep on that day erases."""
    return sweep(vault.store, vault.box, Instant(int(day * DAY)), DAYS)


def there(vault: Vault) -> set[str]:
    return {str(name) for (name,) in look(vault.path, "SELECT id FROM vault_case")}


def test_a_case_goes_at_its_age_and_not_before(vault: Vault) -> None:
    vault.write("cas_1", Opened("a"), at=0)
    assert after(vault, 29.9) == []
    assert after(vault, 30) == ["cas_1"]
    assert after(vault, 31) == []


def test_its_age_counts_from_the_last_line_open_or_closed(vault: Vault) -> None:
    vault.write("cas_1", Opened("a"), at=0)
    vault.write("cas_1", Noted("b", Instant(0)), at=10 * DAY)
    vault.write("cas_2", Opened("a"), at=0)
    vault.write("cas_2", Closed("over"), at=5 * DAY)
    vault.write("cas_2", Reopened("not over"), at=20 * DAY)
    assert after(vault, 39) == []
    assert after(vault, 40) == ["cas_1"]
    assert after(vault, 50) == ["cas_2"]


def test_looking_into_it_and_holding_it_make_no_case_younger(vault: Vault) -> None:
    vault.write("cas_1", Opened("a"), FILE, at=0)
    vault.write("cas_1", TakenOut(FILE.digest), Held("court", "a writ"), at=20 * DAY)
    vault.write("cas_1", Released("court", "over"), at=29 * DAY)
    assert after(vault, 30) == ["cas_1"]


def test_what_is_held_never_goes_until_the_last_matter_is_released(vault: Vault) -> None:
    vault.write("cas_1", Opened("a"), Held("court", "a writ"), Held("FCA", "a letter"), at=0)
    assert ends(vault.read(), DAYS) is None
    assert after(vault, 40_000) == []
    vault.write("cas_1", Released("court", "over"), at=40_000 * DAY)
    assert after(vault, 50_000) == []
    vault.write("cas_1", Released("FCA", "over"), at=50_000 * DAY)
    assert ends(vault.read(), DAYS) == 30 * DAY
    assert after(vault, 50_000) == ["cas_1"]


def test_a_row_that_says_it_is_older_erases_nothing(vault: Vault) -> None:
    """The time beside a case is readable, and so can be changed; its age comes from what is sealed."""
    vault.write("cas_1", Opened("a"), at=100 * DAY)
    change(vault.path, "UPDATE vault_case SET opened = 0")
    assert after(vault, 101) == []
    assert there(vault) == {"cas_1"}


def test_a_case_that_was_tampered_with_stays_and_costs_no_other(vault: Vault) -> None:
    for name in ("cas_1", "cas_2", "cas_3"):
        vault.write(name, Opened("a"), Held("court", "a writ"), at=0)
        vault.write(name, Released("court", "over"), at=1)
    change(vault.path, "DELETE FROM case_line WHERE vault_case = 'cas_2' AND seq = 1")
    assert after(vault, 60) == ["cas_1", "cas_3"]
    assert there(vault) == {"cas_2"}


def test_the_bytes_go_from_the_disk_with_the_case(vault: Vault, tmp_path: Path) -> None:
    data = bytes(range(256)) * 400
    vault.write("cas_1", Opened("a"), ledger.attached("a.bin", data), at=0)
    vault.keep("cas_1", data)
    ((box,),) = look(vault.path, "SELECT box FROM evidence")
    assert bytes(box)[5000:9000] in bytes_of(tmp_path, "agent.db") or len(bytes(box)) > len(data)
    assert after(vault, 30) == ["cas_1"]
    held = bytes_of(tmp_path, "agent.db")
    pieces = [bytes(box)[start : start + 64] for start in range(0, len(data), 1_000)]
    assert not [piece for piece in pieces if piece in held]
    assert b"cas_1" not in held
