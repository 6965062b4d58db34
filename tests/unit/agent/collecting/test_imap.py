# SPDX-License-Identifier: Apache-2.0
"""A hostile or broken IMAP server costs little and is named for what it is; a password goes nowhere without TLS."""

import base64
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_test
from hypothesis import strategies as st
from tests.unit.agent.collecting.hostile import Answers, good, line_from, serving

from tocsin.agent.collecting import imap
from tocsin.agent.collecting.imap import MAX_ANSWER, Connection, _day, _quoted, _utf7
from tocsin.agent.collecting.mailbox import Mailbox
from tocsin.clock import Instant, ManualClock, from_text
from tocsin.config.agent import Imap
from tocsin.errors import ConfigError, Missing, RemoteError, TocsinError, Unreachable

NOW = Instant(from_text("2026-11-30T08:30:00Z"))


def settings(port: int, **more: object) -> Imap:
    given: dict[str, object] = {
        "host": "127.0.0.1",
        "user": "abuse",
        "password_file": "./password",
        "tls": False,
    }
    return Imap(**{**given, "port": port, **more})  # type: ignore[arg-type]


def mailbox(home: Path, port: int, **more: object) -> Mailbox:
    (home / "password").write_text("secret\n")
    (home / "password").chmod(0o600)
    return Mailbox(settings(port, **more), home, ManualClock(NOW), {})


def after(command: str, say: Callable[[str, socket.socket], None]) -> Answers:
    """A good server until it is asked this."""

    def answers(tag: str, line: str, connection: socket.socket) -> None:
        if line.upper().startswith(command):
            say(tag, connection)
        else:
            good(tag, line, connection)

    return answers


def flood(piece: bytes) -> Callable[[str, socket.socket], None]:
    def say(tag: str, connection: socket.socket) -> None:
        many = piece * (1 + 65_536 // len(piece))
        for _ in range(4 * MAX_ANSWER // len(many)):
            connection.sendall(many)

    return say


@pytest.mark.parametrize(
    ("command", "piece"),
    [
        ("CAPABILITY", b"* 1 EXISTS\r\n"),
        ("EXAMINE", b"* FLAGS (\\Seen)\r\n"),
        ("UID SEARCH", b"* SEARCH 1 2 3\r\n"),
        ("UID SEARCH", b"x"),
    ],
)
def test_a_server_that_never_ends_its_answer_is_left(tmp_path: Path, command: str, piece: bytes) -> None:
    with serving(after(command, flood(piece))) as server, pytest.raises(RemoteError):
        mailbox(tmp_path, server.port).look("")


def test_a_literal_is_believed_only_as_far_as_an_answer_may_go(tmp_path: Path) -> None:
    def say(tag: str, connection: socket.socket) -> None:
        connection.sendall(b"* 1 FETCH (UID 9 BODY[]<0> {99999999999}\r\nhello")

    def answers(tag: str, line: str, connection: socket.socket) -> None:
        if line.upper().startswith("UID SEARCH"):
            connection.sendall(b"* SEARCH 9\r\n")
        after("UID FETCH", say)(tag, line, connection)

    with serving(answers) as server, pytest.raises(RemoteError, match="more than"):
        mailbox(tmp_path, server.port).look("")


@pytest.mark.parametrize(
    "said",
    [
        b"garbage\r\n",
        b"* BYE no\r\n",
        b"\xff\xfe\x00\r\n",
        b"* OK [CAPABILITY] x\r\n* BAD\r\n",
    ],
)
def test_what_greets_like_no_imap_server_is_named_so(tmp_path: Path, said: bytes) -> None:
    def hang_up(tag: str, line: str, connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    with serving(hang_up, said) as server, pytest.raises(RemoteError):
        mailbox(tmp_path, server.port).look("")


@settings_of_test(max_examples=40)
@given(said=st.binary(max_size=80).filter(lambda data: b"\n" not in data))
def test_whatever_a_server_answers_is_an_error_of_ours_or_a_batch(
    tmp_path_factory: pytest.TempPathFactory, said: bytes
) -> None:
    def say(tag: str, connection: socket.socket) -> None:
        connection.sendall(b"* " + said + b"\r\n" + f"{tag} OK done\r\n".encode())

    with serving(after("UID SEARCH", say)) as server:
        try:
            batch = mailbox(tmp_path_factory.mktemp("any"), server.port).look("")
        except RemoteError:
            return
        assert batch.position.startswith("7:")


def test_numbers_that_no_mail_has_are_not_believed(tmp_path: Path) -> None:
    def answers(tag: str, line: str, connection: socket.socket) -> None:
        if line.upper().startswith("UID SEARCH"):
            connection.sendall(b"* SEARCH 0 4 5 6 6 99999999999 4294967296\r\n")
        if line.upper().startswith("UID FETCH"):
            connection.sendall(b"* 1 FETCH (UID 12 BODY[]<0> {2}\r\nhi)\r\n")
        good(tag, line, connection)

    with serving(answers) as server:
        batch = mailbox(tmp_path, server.port).look("7:4")
        asked = [line for line in server.asked if line.startswith("UID FETCH")]
    assert [line.split()[2] for line in asked] == ["5", "6"]
    assert (batch.arrivals, batch.position) == ((), "7:6"), "another mail than the one that was asked for"


def test_only_commands_that_change_nothing_are_ever_sent(tmp_path: Path) -> None:
    with serving() as server:
        mailbox(tmp_path, server.port).look("")
        asked = list(server.asked)
    assert [line.split()[0] for line in asked] == [
        "CAPABILITY",
        "AUTHENTICATE",
        "CAPABILITY",
        "EXAMINE",
        "UID",
        "LOGOUT",
    ] or [line.split()[0] for line in asked] == ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID", "LOGOUT"]
    assert 'EXAMINE "INBOX"' in asked
    assert "UID SEARCH UID 1:* SINCE 31-Oct-2026" in asked


def test_a_look_that_hangs_is_ended_from_another_thread(tmp_path: Path) -> None:
    hangs = threading.Event()

    def say(tag: str, connection: socket.socket) -> None:
        hangs.set()

    with serving(after("UID SEARCH", say)) as server:
        source = mailbox(tmp_path, server.port)
        ended: list[Exception] = []

        def look() -> None:
            try:
                source.look("")
            except TocsinError as error:
                ended.append(error)

        thread = threading.Thread(target=look)
        thread.start()
        assert hangs.wait(10)
        source.stop()
        thread.join(10)
        assert not thread.is_alive()
    assert isinstance(ended[0], RemoteError)


def test_a_greeting_that_never_ends_can_be_ended(tmp_path: Path) -> None:
    with serving(greeting=b"* OK") as server:
        source = mailbox(tmp_path, server.port)
        threading.Timer(0.3, source.stop).start()
        with pytest.raises(RemoteError):
            source.look("")


def test_no_password_goes_to_another_machine_without_tls(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another machine"):
        mailbox(tmp_path, 143, host="mail.bank.example").look("")


def test_a_server_that_is_away_says_where_to_look(tmp_path: Path) -> None:
    with serving() as server:
        port = server.port
    with pytest.raises(Unreachable) as refusal:
        mailbox(tmp_path, port).look("")
    assert "`imap.host`" in refusal.value.next_step


def test_a_server_without_tls_where_tls_is_wanted_gets_no_password(tmp_path: Path) -> None:
    with serving() as server:
        with pytest.raises(Unreachable):
            mailbox(tmp_path, server.port, tls=True).look("")
        said = " ".join(server.asked)
    assert not {"secret", "AUTHENTICATE", "LOGIN"} & set(said.split()), (
        "only the beginning of a TLS handshake"
    )


def test_an_older_server_gets_the_name_and_password_as_quoted_strings(tmp_path: Path) -> None:
    greeting = b"* OK [CAPABILITY IMAP4rev1] ready\r\n"

    def answers(tag: str, line: str, connection: socket.socket) -> None:
        if line.upper().startswith("CAPABILITY"):
            connection.sendall(f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n".encode())
        else:
            good(tag, line, connection)

    with serving(answers, greeting) as server:
        mailbox(tmp_path, server.port, user='BANK\\ab"use').look("")
        assert 'LOGIN "BANK\\\\ab\\"use" "secret"' in server.asked
        with pytest.raises(ConfigError, match="English letters"):
            mailbox(tmp_path, server.port, user="müller").look("")


# --- the password


def test_a_password_that_others_may_read_is_refused(tmp_path: Path) -> None:
    source = mailbox(tmp_path, 143)
    (tmp_path / "password").chmod(0o640)
    with pytest.raises(ConfigError, match="can be read by others"):
        source.look("")


def test_a_password_that_is_not_there_or_empty_says_what_to_write(tmp_path: Path) -> None:
    source = mailbox(tmp_path, 143)
    (tmp_path / "password").write_text("\n")
    with pytest.raises(ConfigError, match="holds no password"):
        source.look("")
    (tmp_path / "password").unlink()
    with pytest.raises(Missing, match="No such file"):
        source.look("")


def test_a_bare_name_is_a_credential_of_systemds(tmp_path: Path) -> None:
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "imap").write_text("of systemd's\n")
    (handed / "imap").chmod(0o440)  # as systemd shows what it protects by an access list
    given = {"host": "127.0.0.1", "user": "abuse", "password_file": "imap"}
    source = Mailbox(Imap(**given), tmp_path, ManualClock(NOW), {"CREDENTIALS_DIRECTORY": str(handed)})  # type: ignore[arg-type]
    assert source._password() == "of systemd's"
    alone = Mailbox(Imap(**given), tmp_path, ManualClock(NOW), {})  # type: ignore[arg-type]
    with pytest.raises(Missing, match="no credential 'imap'") as refusal:
        alone._password()
    assert "LoadCredential=" in refusal.value.next_step


# --- how things are spelled


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("INBOX", "INBOX"),
        ("Fraud & Abuse", "Fraud &- Abuse"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 §5.1.3
        ("Verdächtig", "Verd&AOQ-chtig"),
    ],
)
def test_a_mailbox_is_named_as_the_rfc_says(name: str, sent: str) -> None:
    assert _utf7(name) == sent


@given(st.text(max_size=40))
def test_nothing_gets_out_of_a_quoted_string(text: str) -> None:
    sent = _quoted(text)
    inside = sent[1:-1].replace("\\\\", "").replace('\\"', "")
    assert (sent[0], sent[-1]) == ('"', '"')
    assert '"' not in inside
    assert "\r" not in sent
    assert "\n" not in sent


@given(st.text(max_size=40))
def test_an_encoded_name_is_ascii_and_comes_back(text: str) -> None:
    sent = _utf7(text.encode("utf-16", "replace").decode("utf-16", "replace"))
    assert sent.isascii()


def test_a_day_is_written_in_english() -> None:
    assert _day(NOW) == "30-Nov-2026"
    assert _day(Instant(0)) == "1-Jan-1970"


def test_the_password_goes_as_plain_which_takes_every_letter(tmp_path: Path) -> None:
    got: list[bytes] = []

    def say(tag: str, connection: socket.socket) -> None:
        connection.sendall(b"+ \r\n")
        got.append(line_from(connection))
        connection.sendall(f"{tag} OK done\r\n".encode())

    with (
        serving(after("AUTHENTICATE", say)) as server,
        Connection(settings(server.port, user="müller"), "pä$$ \\wort"),
    ):
        pass
    assert base64.b64decode(got[0]) == "\0müller\0pä$$ \\wort".encode()


def test_a_refused_login_says_so_and_shows_no_password(tmp_path: Path) -> None:
    def say(tag: str, connection: socket.socket) -> None:
        connection.sendall(f"{tag} NO [AUTHENTICATIONFAILED] \x1b[31mno\r\n".encode())

    with (
        serving(after("AUTHENTICATE", say)) as server,
        pytest.raises(ConfigError, match="does not let") as refusal,
    ):
        mailbox(tmp_path, server.port).look("")
    assert "secret" not in str(refusal.value)
    assert "\x1b" not in str(refusal.value)
    assert "`imap.password_file`" in refusal.value.next_step


def test_a_mailbox_that_is_not_there_is_named(tmp_path: Path) -> None:
    def say(tag: str, connection: socket.socket) -> None:
        connection.sendall(f"{tag} NO no such mailbox\r\n".encode())

    with serving(after("EXAMINE", say)) as server, pytest.raises(ConfigError, match="'Abuse'") as refusal:
        mailbox(tmp_path, server.port, folder="Abuse").look("")
    assert "`imap.folder`" in refusal.value.next_step
    assert imap.SOCKET_SECONDS < 60
