# SPDX-License-Identifier: Apache-2.0
"""Cases in the vault: what was written is there again, unreadable without the key, and nothing of it changes unseen."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.looking import bytes_of, change, look
from tests.unit.agent.cases.logs import logs

from tocsin.agent import journal
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Attached, Concerned, Decided, Fact, Held, Kind, Line, Noted, Opened, Sent
from tocsin.agent.cases.impact import Certainty, Measured, Quantity
from tocsin.agent.cases.record import Case, fold
from tocsin.clock import DAY, Instant
from tocsin.errors import Conflict, Malformed, Rewritten, TooLarge, Unknown, VaultLocked
from tocsin.ids import Entropy
from tocsin.privacy.box import Box
from tocsin.storage.sqlite import open_sqlite, put_in_place
from tocsin.storage.store import Store

KEY = bytes(range(32))
DATA = b"planted-body of a mail to jane@bank.example"
FILE = ledger.attached("planted-name.eml", DATA)
FACTS = (
    Opened("planted-title about Jane Doe"),
    FILE,
    Noted("planted-note: the customer lost money", Instant(5)),
    Decided(Kind.MATERIAL, Instant(6), "planted-why"),
    Measured(Quantity.MONEY, Certainty.ESTIMATE, 4711, "EUR"),
    Concerned(("planted-impersonated",), ("planted-platform",)),
    Sent("report", "rpt_1", "rpt_1", FILE.digest),
    Held("planted-matter", "planted-reason"),
)


class Vault:
    """A store with the key to it."""

    def __init__(self, folder: Path, entropy: Entropy, key: bytes = KEY) -> None:
        self.path = folder / "agent.db"
        self.store: Store = open_sqlite(self.path, "agent")
        self.box = Box(key, entropy)

    def write(self, case_id: str, *facts: Fact, at: int = 7) -> Case:
        return self.store.run(
            "write", lambda tx: ledger.write(tx, self.box, case_id, "Jane Doe", Instant(at), *facts)
        )

    def keep(self, case_id: str, data: bytes = DATA) -> None:
        self.store.run("keep", lambda tx: ledger.keep(tx, self.box, case_id, Instant(7), data))

    def read(self, case_id: str = "cas_1") -> Case:
        with self.store.reading("case") as tx:
            return ledger.read(tx, self.box, case_id)

    def take(self, case_id: str = "cas_1") -> bytes:
        with self.store.reading("evidence") as tx:
            return ledger.take(tx, self.box, case_id, FILE.digest)

    def examine(self) -> int:
        with self.store.reading("examine") as tx:
            return ledger.examine(tx, self.box)


@pytest.fixture
def vault(tmp_path: Path, entropy: Entropy) -> Iterator[Vault]:
    vault = Vault(tmp_path, entropy)
    yield vault
    vault.store.close()


@pytest.fixture
def full(vault: Vault) -> Vault:
    """A vault with two cases, the first with everything that a case can hold."""
    vault.write("cas_1", *FACTS)
    vault.keep("cas_1")
    vault.write("cas_2", Opened("another"), FILE)
    vault.keep("cas_2")
    return vault


def test_what_was_written_is_there_again_line_by_line(full: Vault) -> None:
    found = full.read()
    assert found.lines == tuple(Line(Instant(7), "Jane Doe", fact) for fact in FACTS)
    assert full.write("cas_1", Noted("more", Instant(8)), at=9).lines[:-1] == found.lines
    assert full.take() == DATA
    with full.store.reading("cases") as tx:
        assert set(ledger.identifiers(tx)) == {"cas_1", "cas_2"}
        assert {one.id for one in ledger.resting_on(tx, full.box, FILE.digest, 9)} == {"cas_1", "cas_2"}
    assert full.examine() == 2


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=logs())
def test_any_log_is_read_as_it_folds(lines: list[Line], entropy: Entropy) -> None:
    store, box = open_sqlite(":memory:", "agent"), Box(KEY, entropy)
    with store.transaction("write") as tx:
        for line in lines:
            ledger.write(tx, box, "cas_1", line.by, line.at, line.fact)
    with store.reading("read") as tx:
        found = ledger.read(tx, box, "cas_1")
    store.close()
    assert found == fold("cas_1", lines)


def test_the_same_file_again_adds_no_line_and_another_name_is_no_other_file(full: Vault) -> None:
    before = full.read()
    assert full.write("cas_1", ledger.attached("copy.eml", DATA)) == before
    full.keep("cas_1")
    assert full.examine() == 2


def test_a_line_that_may_not_come_next_leaves_nothing_of_its_neighbours(full: Vault) -> None:
    before = full.read()
    with pytest.raises(Conflict):
        full.write("cas_1", Noted("good", Instant(1)), Opened("bad"))
    assert full.read() == before


@pytest.mark.parametrize(
    "fact",
    [
        Noted("", Instant(1)),
        Noted("x" * 10_001, Instant(1)),
        Noted("\ud800", Instant(1)),
        Concerned(("x" * 201,)),
        Concerned(tuple(map(str, range(51)))),
        Measured(Quantity.MONEY, Certainty.VALUE, -1),
        Measured(Quantity.MONEY, Certainty.VALUE, 1, "euro"),
        Attached("a.eml", "no digest", 1),
    ],
    ids=[
        "empty",
        "long",
        "half a letter",
        "a long name",
        "many names",
        "negative",
        "no currency",
        "no digest",
    ],
)
def test_what_is_out_of_bounds_is_refused(full: Vault, fact: Fact) -> None:
    with pytest.raises(Malformed):
        full.write("cas_1", fact)
    assert full.examine() == 2


@pytest.mark.parametrize("by", ["", "  ", "x" * 201])
def test_a_line_has_somebody_s_name(full: Vault, by: str) -> None:
    with full.store.transaction("write") as tx, pytest.raises(Malformed):
        ledger.write(tx, full.box, "cas_1", by, Instant(8), Noted("a", Instant(1)))


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_EVIDENCE", 2**20)
    assert ledger.attached("", bytes(2**20)).name == "without a name"
    with pytest.raises(TooLarge, match="1 MiB"):
        ledger.attached("disk.img", bytes(2**20 + 1))


def test_there_is_no_case_that_nobody_opened(vault: Vault) -> None:
    for ask in (vault.read, lambda: vault.write("cas_1", FILE)):
        with pytest.raises(Unknown):
            ask()
    assert vault.examine() == 0


def test_nothing_of_a_case_is_readable_on_the_disk(full: Vault, tmp_path: Path) -> None:
    held = bytes_of(tmp_path, "agent.db")
    assert b"cas_1" in held
    assert FILE.digest.encode() in held
    for planted in (b"planted", b"Jane", b"jane@bank.example", b"4711", b"material", b"rpt_1"):
        assert planted not in held, planted


def test_another_key_opens_nothing(full: Vault, tmp_path: Path, entropy: Entropy) -> None:
    other = Vault(tmp_path, entropy, bytes(32))
    for ask in (other.read, other.examine, lambda: other.write("cas_1", Noted("a", Instant(1)))):
        with pytest.raises(VaultLocked):
            ask()
    other.store.close()


def test_the_journal_says_who_wrote_and_when_and_no_word_of_the_case(full: Vault) -> None:
    with full.store.reading("journal") as tx:
        one, _ = journal.read(tx, full.box)
    assert (one.by, one.at, one.what, one.about) == ("Jane Doe", 7, ledger.WROTE, "cas_1")
    assert bytes.fromhex(one.why)
    assert len(one.why) == 64


TAMPERED = {
    "a line gone": "DELETE FROM case_line WHERE vault_case = 'cas_1' AND seq = 2",
    "the newest line gone": "DELETE FROM case_line WHERE vault_case = 'cas_1' AND seq = 7",
    "a line changed": "UPDATE case_line SET box = zeroblob(99) WHERE vault_case = 'cas_1' AND seq = 2",
    "a line repeated": "INSERT INTO case_line SELECT vault_case, 8, box FROM case_line"
    " WHERE vault_case = 'cas_1' AND seq = 7",
    "lines turned round": "UPDATE case_line SET seq = -seq WHERE vault_case = 'cas_1'",
    "another's line": "UPDATE case_line SET box ="
    " (SELECT box FROM case_line WHERE vault_case = 'cas_2' AND seq = 1) WHERE vault_case = 'cas_1' AND seq = 1",
}


@pytest.mark.parametrize("wrong", TAMPERED.values(), ids=TAMPERED)
def test_a_log_that_was_changed_is_not_read(full: Vault, wrong: str) -> None:
    assert change(full.path, wrong)
    for ask in (full.read, full.examine, lambda: full.write("cas_1", Noted("more", Instant(1)))):
        with pytest.raises(Rewritten, match="cas_1"):
            ask()
    assert full.read("cas_2").title == "another"
    with full.store.reading("cases") as tx:
        assert [one.id for one in ledger.resting_on(tx, full.box, FILE.digest, 9)] == ["cas_2"]


def test_another_case_s_head_does_not_open_in_its_place(full: Vault) -> None:
    change(full.path, "UPDATE vault_case SET box = (SELECT box FROM vault_case WHERE id = 'cas_2')")
    with pytest.raises(VaultLocked):
        full.read()


SPOILED = {
    "gone": "DELETE FROM evidence WHERE vault_case = 'cas_1'",
    "changed": "UPDATE evidence SET box = zeroblob(99) WHERE vault_case = 'cas_1'",
    "another case's": "UPDATE evidence SET box = (SELECT box FROM evidence WHERE vault_case = 'cas_2')"
    " WHERE vault_case = 'cas_1'",
}


@pytest.mark.parametrize("wrong", SPOILED.values(), ids=SPOILED)
def test_a_file_that_is_not_what_was_put_in_is_not_handed_out(full: Vault, wrong: str) -> None:
    assert change(full.path, wrong)
    for ask in (full.take, full.examine):
        with pytest.raises(Rewritten, match=r"cas_1 was changed or removed"):
            ask()
    assert full.take("cas_2") == DATA


def test_bytes_under_another_s_digest_are_not_handed_out(full: Vault) -> None:
    """Whoever holds the key can seal anything for any place; the digest still says what it is."""
    sealed = full.box.seal(b"forged", f"evidence/cas_1/{FILE.digest}")
    change(full.path, "UPDATE evidence SET box = :box WHERE vault_case = 'cas_1'", {"box": sealed})
    with pytest.raises(Rewritten):
        full.take()


def rolled_back(full: Vault) -> None:
    head, *_ = look(full.path, "SELECT box FROM vault_case WHERE id = 'cas_1'")
    full.write("cas_1", Noted("what somebody wants gone", Instant(8)), at=9)
    change(full.path, "UPDATE vault_case SET box = :box WHERE id = 'cas_1'", {"box": head[0]})
    change(full.path, "DELETE FROM case_line WHERE vault_case = 'cas_1' AND seq = 8")
    assert full.read().lines[-1].fact == FACTS[-1], "it is whole by itself"


def taken_away(full: Vault) -> None:
    for table, column in (("evidence", "vault_case"), ("case_line", "vault_case"), ("vault_case", "id")):
        change(full.path, f"DELETE FROM {table} WHERE {column} = 'cas_1'")


@pytest.mark.parametrize("wrong", [rolled_back, taken_away])
def test_the_journal_knows_of_a_case_that_was_put_back_or_taken_away(
    full: Vault, wrong: Callable[[Vault], None]
) -> None:
    wrong(full)
    with pytest.raises(Rewritten, match="cas_1"):
        full.examine()


def test_a_backup_that_is_put_back_keeps_every_case(full: Vault, tmp_path: Path, entropy: Entropy) -> None:
    full.store.copy(tmp_path / "copy")
    for planted in (b"planted", b"Jane"):
        assert planted not in (tmp_path / "copy").read_bytes()
    (tmp_path / "again").mkdir()
    put_in_place(tmp_path / "copy", tmp_path / "again" / "agent.db")
    again = Vault(tmp_path / "again", entropy)
    assert (again.read(), again.take(), again.examine()) == (full.read(), DATA, 2)
    again.store.close()


def test_what_is_erased_is_gone_with_its_bytes_and_the_journal_says_so(full: Vault, tmp_path: Path) -> None:
    """The names in the rows can be searched for; of what is sealed, the sealed bytes themselves."""
    boxes = look(full.path, "SELECT box FROM case_line WHERE vault_case = 'cas_1'")
    boxes += look(full.path, "SELECT box FROM evidence WHERE vault_case = 'cas_1'")
    assert all(bytes(box) in bytes_of(tmp_path, "agent.db") for (box,) in boxes)
    full.store.run("erase", lambda tx: ledger.erase(tx, full.box, "cas_1", Instant(99), "its age"))
    full.store.scrub()
    held = bytes_of(tmp_path, "agent.db")
    assert not [box for (box,) in boxes if bytes(box) in held]
    assert b"cas_1" not in held
    with pytest.raises(Unknown):
        full.read()
    assert full.examine() == 1
    assert full.take("cas_2") == DATA, "a file that two cases hold stays in the other"
    with full.store.reading("journal") as tx:
        last = journal.read(tx, full.box)[-1]
    assert (last.by, last.what, last.about, last.why) == ("agent", ledger.ERASED, "cas_1", "its age")


def test_without_the_key_the_disk_tells_the_day_of_a_case_and_not_the_hour(
    vault: Vault, tmp_path: Path
) -> None:
    at = 20_000 * DAY + 12_345_678
    for name in ("cas_b", "cas_c", "cas_a"):
        vault.write(name, Opened("one"), FILE, at=at)
        vault.store.run("keep", lambda tx, name=name: ledger.keep(tx, vault.box, name, Instant(at), DATA))
    for column in ("opened FROM vault_case", "added FROM evidence", "at FROM journal"):
        assert set(look(vault.path, f"SELECT {column}")) == {(20_000 * DAY,)}
    vault.store.scrub()
    assert str(at).encode() not in bytes_of(tmp_path, "agent.db")
    assert vault.read("cas_a").opened == at
    with vault.store.reading("cases") as tx:
        assert ledger.identifiers(tx) == ("cas_a", "cas_c", "cas_b"), "the newest first, all the same"
        assert [one.at for one in journal.read(tx, vault.box)] == [at] * 3
