# SPDX-License-Identifier: Apache-2.0
"""A mailbox on a real IMAP server, Dovecot over TLS: every mail once, by its number, and nothing in it changed."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.dovecot import PASSWORD, USER, Dovecot, find_dovecot, private_dovecot
from tests.unit.agent.collecting.houses import phish

from tocsin.agent.collecting import mailbox as module
from tocsin.agent.collecting.mailbox import Mailbox
from tocsin.clock import DAY, Instant, SystemClock
from tocsin.config.agent import Imap
from tocsin.errors import ConfigError, Unreachable

pytestmark = pytest.mark.processes


@pytest.fixture
def server() -> Iterator[Dovecot]:
    program = find_dovecot()
    if program is None:
        wanted = os.environ.get("CI") == "true" and "dovecot-imapd" not in os.environ.get(
            "TOCSIN_WITHOUT", ""
        )
        assert not wanted, "CI installs dovecot-imapd"
        pytest.skip("dovecot is not installed: apt install dovecot-imapd")
    with private_dovecot(program) as made:
        yield made


@pytest.fixture
def settings(server: Dovecot, tmp_path: Path) -> Imap:
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    password.chmod(0o600)
    return Imap("localhost", USER, str(password), port=server.port, authority_file=str(server.authority))


def mailbox(settings: Imap, clock: SystemClock | None = None) -> Mailbox:
    return Mailbox(settings, Path("/"), clock or SystemClock(), {})


def as_sent(mail: bytes) -> bytes:
    """How IMAP gives it: with the ends of lines that mail has on the wire."""
    return mail.replace(b"\n", b"\r\n")


class Later(SystemClock):
    """A machine whose clock is so many days ahead."""

    def now(self) -> Instant:
        return Instant(super().now() + 10 * DAY)


def test_mails_come_in_their_order_each_once_byte_for_byte(server: Dovecot, settings: Imap) -> None:
    source = mailbox(settings)
    empty = source.look("")
    assert empty.arrivals == ()
    for number in range(3):
        server.deliver(phish(number))
    first = source.look(empty.position)
    assert [one.data for one in first.arrivals] == [as_sent(phish(number)) for number in range(3)]
    assert source.look(first.position).arrivals == ()
    server.deliver(phish(3))
    again = mailbox(settings).look(first.position)
    assert [one.data for one in again.arrivals] == [as_sent(phish(3))]
    assert first.position.partition(":")[0] == again.position.partition(":")[0] != "0"


def test_nothing_in_the_mailbox_is_marked_moved_or_deleted(server: Dovecot, settings: Imap) -> None:
    for number in range(3):
        server.deliver(phish(number))
    assert len(mailbox(settings).look("").arrivals) == 3
    assert server.flags() == ["", "", ""], "not even read"


def test_old_mails_are_left_alone_at_the_first_look_only(server: Dovecot, settings: Imap) -> None:
    server.deliver(phish(1))
    recent = msgspec.structs.replace(settings, first_days=3)
    assert mailbox(recent, Later()).look("").arrivals == ()
    position = mailbox(settings).look("").position
    server.deliver(phish(2))
    assert len(mailbox(recent, Later()).look(position).arrivals) == 1


def test_a_mailbox_that_was_numbered_anew_is_read_anew(server: Dovecot, settings: Imap) -> None:
    for number in range(2):
        server.deliver(phish(number))
    before = mailbox(settings).look("").position
    server.stop()
    server.renumber()
    server.start()
    after = mailbox(settings).look(before)
    assert after.position.partition(":")[0] != before.partition(":")[0]
    assert len(after.arrivals) == 2, "whoever looks recognises them by their bytes"


def test_many_mails_come_in_batches(server: Dovecot, settings: Imap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 4)
    for number in range(10):
        server.deliver(phish(number))
    position, sizes = "", []
    more = True
    while more:
        batch = mailbox(settings).look(position)
        position, more = batch.position, batch.more
        sizes.append(len(batch.arrivals))
    assert sizes == [4, 4, 2]


def test_over_a_slow_line_too_the_position_moves_on(
    server: Dovecot, settings: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH_SECONDS", -1.0)
    for number in range(2):
        server.deliver(phish(number))
    batch = mailbox(settings).look("")
    assert (len(batch.arrivals), batch.more) == (1, True)
    batch = mailbox(settings).look(batch.position)
    assert (len(batch.arrivals), batch.more) == (1, False)


def test_a_mail_that_is_too_large_is_told_and_passed(
    server: Dovecot, settings: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILE", 1_000)
    monkeypatch.setattr("tocsin.agent.collecting.imap.MAX_FILE", 1_000)
    server.deliver(phish(1) + b"x" * 5_000)
    server.deliver(phish(2))
    large, small = mailbox(settings).look("").arrivals
    assert (large.data, "MiB" in large.problem) == (b"", True)
    assert small.data == as_sent(phish(2))


def test_a_mailbox_of_another_name_is_opened_and_one_that_is_not_there_is_named(
    server: Dovecot, settings: Imap
) -> None:
    server.deliver(phish(1), ".Verd&AOQ-chtig")
    there = mailbox(msgspec.structs.replace(settings, folder="Verdächtig"))
    assert len(there.look("").arrivals) == 1
    with pytest.raises(ConfigError, match="'Other'"):
        mailbox(msgspec.structs.replace(settings, folder="Other")).look("")


def test_a_certificate_of_nobody_we_trust_gets_no_password(server: Dovecot, settings: Imap) -> None:
    with pytest.raises(Unreachable, match="certificate is not good") as refusal:
        mailbox(msgspec.structs.replace(settings, authority_file="")).look("")
    assert "`imap.authority_file`" in refusal.value.next_step
    with pytest.raises(Unreachable, match="certificate is not good"):
        mailbox(msgspec.structs.replace(settings, host="127.0.0.1")).look("")
    assert "Login" not in server.log()


def test_a_wrong_password_is_refused_in_words(server: Dovecot, settings: Imap, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong")
    with pytest.raises(ConfigError, match="does not let 'abuse' in") as refusal:
        mailbox(settings).look("")
    assert "wrong" not in str(refusal.value)


def test_a_server_that_was_restarted_is_read_on(server: Dovecot, settings: Imap) -> None:
    server.deliver(phish(1))
    position = mailbox(settings).look("").position
    server.stop()
    with pytest.raises(Unreachable):
        mailbox(settings).look(position)
    server.start()
    server.deliver(phish(2))
    assert [one.data for one in mailbox(settings).look(position).arrivals] == [as_sent(phish(2))]
