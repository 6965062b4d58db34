# SPDX-License-Identifier: Apache-2.0
"""The vault and the journal in it: nothing is readable without the key, and nothing is changed unseen."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from tests.looking import bytes_of, change, look

from tocsin.agent import journal
from tocsin.agent.journal import Decision
from tocsin.agent.vault import Membership, Vault, create_master_key, read_master_key
from tocsin.clock import Instant
from tocsin.errors import ConfigError, Rewritten, StateError, TocsinError, VaultLocked
from tocsin.privacy.box import Box
from tocsin.storage.sqlite import open_sqlite

KEY = bytes(range(32))
MEMBERSHIP = Membership(
    party="prt_1",
    name="Ayr Bank plc",
    role="bank",
    jurisdiction="GB",
    realm="live",
    hub="hub_1",
    hub_key="key",
    partner_key=None,
    alliance="City",
    alliance_identity="identity--1",
    signing_seed=b"planted-seed-of-32-bytes-exactly",
    sealing_seed=b"planted-sealing-seed-of-32-bytes",
    recovery_key=b"a-public-key-is-in-the-directory",
)


@pytest.fixture
def vault(tmp_path, entropy):
    store = open_sqlite(tmp_path / "agent.db", "agent")
    yield Vault(store, Box(KEY, entropy))
    store.close()


def keep(vault: Vault) -> None:
    def work(tx):
        journal.write(tx, vault.box, Decision(Instant(8), "person Jane", "planted-decision", "cas_1"))

    vault.join(MEMBERSHIP)
    vault._store.run("keep", work)


def test_nothing_that_was_put_in_is_readable_on_the_disk(vault, tmp_path):
    keep(vault)
    held = bytes_of(tmp_path, "agent.db")
    assert b"CREATE TABLE secret" in held
    for planted in (b"planted-", b"Jane", b"Ayr Bank", b"cas_1"):
        assert planted not in held, planted


def test_another_key_opens_nothing(vault, entropy):
    keep(vault)
    other = Vault(vault._store, Box(bytes(32), entropy))
    with pytest.raises(VaultLocked):
        other.membership()
    with vault._store.reading("journal") as tx, pytest.raises(VaultLocked):
        journal.read(tx, other.box)


def test_a_record_does_not_open_in_another_place(vault, tmp_path):
    keep(vault)
    change(
        tmp_path / "agent.db", "INSERT INTO secret (name, box) SELECT 'next-keys', box FROM secret LIMIT 1"
    )
    assert vault.membership() == MEMBERSHIP
    with pytest.raises(VaultLocked):
        vault.next_keys()


def test_before_it_joined_an_agent_is_nobody(vault):
    with pytest.raises((ConfigError, StateError), match="not joined"):
        vault.membership()
    vault.join(MEMBERSHIP)
    assert vault.membership() == MEMBERSHIP


# --- the key file


def test_a_new_key_is_its_owners_alone(tmp_path, entropy):
    path = tmp_path / "agent.key"
    os.umask(0)
    create_master_key(path, tmp_path / "agent", entropy)
    os.umask(0o022)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_master_key(path)) == 32


def test_a_key_is_never_overwritten(tmp_path, entropy):
    path = tmp_path / "agent.key"
    path.write_bytes(b"somebody's")
    with pytest.raises(TocsinError, match="exists already"):
        create_master_key(path, tmp_path / "agent", entropy)
    assert path.read_bytes() == b"somebody's"


@pytest.mark.parametrize("place", ["agent/agent.key", "agent/deeper/agent.key", "other/../agent/agent.key"])
def test_a_key_inside_of_what_is_backed_up_is_refused(tmp_path, entropy, place):
    (tmp_path / "agent" / "deeper").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match="outside"):
        create_master_key(tmp_path / place, tmp_path / "agent", entropy)


def test_a_link_does_not_smuggle_the_key_in(tmp_path, entropy):
    (tmp_path / "agent").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "agent")
    with pytest.raises(ConfigError, match="outside"):
        create_master_key(tmp_path / "link" / "agent.key", tmp_path / "agent", entropy)


@pytest.mark.parametrize("place", ["nowhere/agent.key", "file/agent.key"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, entropy, place):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"agent\.key"):
        create_master_key(tmp_path / place, tmp_path / "agent", entropy)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_a_key_that_others_can_reach_is_refused(tmp_path, entropy, mode):
    path = tmp_path / "agent.key"
    create_master_key(path, tmp_path / "agent", entropy)
    path.chmod(mode)
    with pytest.raises(VaultLocked, match="chmod 600"):
        read_master_key(path)


@pytest.mark.parametrize("data", [b"", b"short", bytes(33)])
def test_a_key_of_another_length_is_refused(tmp_path, data):
    path = tmp_path / "agent.key"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(VaultLocked, match="32"):
        read_master_key(path)


@pytest.mark.parametrize("place", ["nowhere.key", "."])
def test_a_key_that_is_not_there_is_named(tmp_path, place):
    with pytest.raises(VaultLocked):
        read_master_key(tmp_path / Path(place))


# --- the journal


@pytest.fixture
def lines(vault):
    """A journal of five lines, with its store's path."""

    def work(tx):
        for number in range(5):
            journal.write(tx, vault.box, Decision(Instant(number), "Jane", f"line {number}", "cas_1"))

    vault._store.run("write", work)
    return vault


def read(vault: Vault) -> list[str]:
    with vault._store.reading("journal") as tx:
        return [decision.what for decision in journal.read(tx, vault.box)]


def test_a_journal_reads_as_it_was_written(lines):
    assert read(lines) == [f"line {number}" for number in range(5)]


@pytest.mark.parametrize(
    "wrong",
    [
        "DELETE FROM journal WHERE seq = 0",
        "DELETE FROM journal WHERE seq = 2",
        "UPDATE journal SET at = 9 WHERE seq = 3",
        "UPDATE journal SET box = (SELECT box FROM journal WHERE seq = 1) WHERE seq = 2",
        "UPDATE journal SET digest = zeroblob(32) WHERE seq = 4",
        "UPDATE journal SET seq = 9 WHERE seq = 4",
        "UPDATE journal SET seq = seq + 10; UPDATE journal SET seq = 14 - seq",
    ],
    ids=[
        "first gone",
        "one gone",
        "another time",
        "another's words",
        "broken chain",
        "a gap",
        "turned round",
    ],
)
def test_a_line_that_was_changed_or_removed_breaks_the_chain(lines, tmp_path, wrong):
    change(tmp_path / "agent.db", wrong)
    with pytest.raises(Rewritten, match="was changed or removed"):
        read(lines)


def test_who_mends_the_chain_still_lacks_the_key(lines, tmp_path):
    """Digests can be made anew by anybody; a sealed line opens only at its own place."""
    rows = look(tmp_path / "agent.db", "SELECT seq, at, box FROM journal WHERE seq <> 2 ORDER BY seq")
    change(tmp_path / "agent.db", "DELETE FROM journal")
    before = bytes(32)
    for seq, (_, at, box) in enumerate(rows):
        before = sha256(b"tocsin/journal/v1" + before + int(str(at)).to_bytes(8) + bytes(box)).digest()
        params = {"seq": seq, "at": at, "digest": before, "box": box}
        change(tmp_path / "agent.db", "INSERT INTO journal VALUES (:seq, :at, :digest, :box)", params)
    with pytest.raises(VaultLocked):
        read(lines)
