# SPDX-License-Identifier: Apache-2.0
"""Mail through a real server over TLS: from an urgent warning to a person who has it, and nothing said on the way."""

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Alliance
from tests.mailserver import PASSWORD, SENDER, MailServer, mail_server
from tests.unit.agent.test_warn import CONTENT, issued
from tests.unit.agent.waking.houses import WAKE, opened, waking, woken
from tests.unit.agent.waking.test_words import strange

from tocsin.agent.credential import Credentials
from tocsin.agent.waking import codes, smtp
from tocsin.agent.waking.channels import channels_of
from tocsin.agent.waking.smtp import Mail
from tocsin.agent.waking.words import TEST
from tocsin.clock import MINUTE, ManualClock
from tocsin.config.waking import Smtp
from tocsin.domain.party import Role
from tocsin.errors import ConfigError, Missing, RemoteError, Unreachable
from tocsin.ids import Entropy

CODE = re.compile(r"^Code: (\S+)\s*$", re.M)
SECRET = msgspec.structs.replace(CONTENT, title="Planted-title of an attack", measures="Planted-measures")
TOLD = msgspec.structs.replace(TEST, to=("ann@duty.example",))


def mail_of(settings: Smtp, folder: Path, clock: ManualClock, entropy: Entropy) -> Mail:
    return Mail(settings, Credentials(folder, {}), clock, entropy)


async def test_unacknowledged_it_is_told_again_then_to_the_next_and_acknowledged_to_nobody(
    tmp_path: Path,
) -> None:
    with mail_server(tmp_path / "mail") as server:
        async with Alliance(tmp_path) as alliance:
            police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
            await issued(police, SECRET)
            await alliance.settled()
            settings = msgspec.structs.replace(WAKE, smtp=server.settings())
            house = woken(ayr, settings)
            ringing = waking(house, *channels_of(house, settings, {}), settings=settings)
            heard = []
            for minutes_later in (5, 10, 15, 1):
                await ringing.round()
                heard.append({who: len(server.mails(f"{who}@duty.example")) for who in ("ann", "bo", "cy")})
                ayr.clock.advance(minutes_later * MINUTE)
            assert heard == [
                {"ann": 1, "bo": 0, "cy": 0},
                {"ann": 2, "bo": 0, "cy": 0},
                {"ann": 2, "bo": 1, "cy": 0},
                {"ann": 2, "bo": 1, "cy": 1},
            ]
            (last,) = server.mails("bo@duty.example")
            assert last["Subject"] == "Tocsin: 1 urgent warning, open the console, ref W-1, told 3 times"
            (code,) = CODE.findall(last.get_content())
            now = ayr.clock.now()
            done = house.store.run(
                "say", lambda tx: codes.acknowledge_by_code(tx, house.vault.box, code, now)
            )
            assert done == ("Bo", ("W-1",))
            before = len(server.taken)
            for _ in range(200):
                await ringing.round()
                ayr.clock.advance(MINUTE)
            assert len(server.taken) == before
            assert opened(house) == []
            names = [
                ayr.membership.name,
                police.membership.name,
                "Archer",
                "evil.example",
                "Planted",
                "Police",
            ]
            nothing_confidential(server, names)


def nothing_confidential(server: MailServer, names: list[str]) -> None:
    """No value, title, bank, agency or person in any byte that was sent, and no word beyond the few there are."""
    for to, data in server.taken:
        for name in names:
            assert name.encode() not in data
        for mail in server.mails(to[0]):
            assert strange(mail.get_content()) == set()
            assert strange(mail["Subject"].removeprefix("Tocsin: ")) == set()
            assert set(mail.keys()) <= {
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Importance", "MIME-Version",
                "Content-Type", "Content-Transfer-Encoding",
            }  # fmt: skip
            assert b"Received" not in data


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
async def test_a_mail_says_that_a_machine_wrote_it(
    tmp_path: Path, implicit: bool, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with mail_server(tmp_path / "mail", implicit=implicit) as server:
        await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(TOLD)
        (mail,) = server.mails("ann@duty.example")
        assert (mail["From"], mail["To"]) == (SENDER, "ann@duty.example")
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Message-ID"].endswith("@ayr.example>")
        assert mail["Date"].startswith("Sat, 21 Nov 2026 08:30:00")
        assert "Importance" not in mail


async def test_a_certificate_of_a_stranger_s_is_refused_and_the_password_stays_here(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with mail_server(tmp_path / "mail") as server:
        for settings in (
            msgspec.structs.replace(server.settings(), authority_file=""),
            msgspec.structs.replace(server.settings(), host="127.0.0.1"),
        ):
            with pytest.raises(Unreachable, match="its certificate is not good") as refused:
                await mail_of(settings, tmp_path, manual_clock, entropy).tell(TOLD)
            assert "authority_file" in refused.value.next_step
        assert server.taken == []


async def test_what_the_server_refuses_is_said_without_a_name(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with mail_server(tmp_path / "mail") as server:
        server.refuses = {"ann@duty.example"}
        with pytest.raises(RemoteError, match=r"refuses every address \(550\)") as refused:
            await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(TOLD)
        assert "ann" not in str(refused.value)
        two = msgspec.structs.replace(TOLD, to=("ann@duty.example", "pager@duty.example"))
        await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(two)
        assert [to for to, _ in server.taken] == [["pager@duty.example"]]
        server.password_file.write_text("wrong\n")
        with pytest.raises(RemoteError, match="it answers 535") as refused:
            await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(TOLD)
        assert PASSWORD not in str(refused.value)


async def test_a_server_that_is_away_or_a_password_that_is_not_there_is_said(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with mail_server(tmp_path / "mail") as server:
        missing = msgspec.structs.replace(server.settings(), password_file="smtp-password")
        with pytest.raises(Missing, match="hands over no credential"):
            await mail_of(missing, tmp_path, manual_clock, entropy).tell(TOLD)
        server.password_file.chmod(0o644)
        with pytest.raises(ConfigError, match="can be read by others"):
            await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(TOLD)
        server.password_file.chmod(0o600)
        server.stop()
        with pytest.raises(Unreachable, match="localhost"):
            await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(TOLD)


class _Talker(socketserver.StreamRequestHandler):
    """A server that never comes to the end of its greeting."""

    def handle(self) -> None:
        try:
            while True:
                self.wfile.write(b"220-and another thing\r\n")
        except OSError:
            return


class _Mute(socketserver.StreamRequestHandler):
    """One that offers no TLS."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while self.rfile.readline():
            self.wfile.write(b"250 yes\r\n")


@contextmanager
def answering(handler: type[socketserver.StreamRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("handler", "why"),
    [(_Talker, "more than an SMTP server has to say"), (_Mute, "STARTTLS")],
    ids=["talks", "plain"],
)
async def test_a_hostile_server_gets_neither_time_nor_a_password(
    tmp_path: Path,
    manual_clock: ManualClock,
    entropy: Entropy,
    handler: type[socketserver.StreamRequestHandler],
    why: str,
) -> None:
    with answering(handler) as port:
        settings = Smtp(host="127.0.0.1", sender=SENDER, port=port)
        with pytest.raises(RemoteError, match=why):
            await mail_of(settings, tmp_path, manual_clock, entropy).tell(TOLD)


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "MOST_SECONDS", -1.0)
    with mail_server(tmp_path / "mail") as server:
        with pytest.raises(Unreachable, match="takes too long"):
            await mail_of(server.settings(), tmp_path, manual_clock, entropy).tell(TOLD)
        assert server.taken == []


def test_without_tls_only_a_server_on_this_machine_is_told(
    manual_clock: ManualClock, entropy: Entropy
) -> None:
    for host in ("mail.example", "127.0.0.1.mail.example", "10.0.0.1"):
        with pytest.raises(ConfigError, match="another machine"):
            mail_of(Smtp(host=host, sender=SENDER, tls="none"), Path(), manual_clock, entropy)
    assert ssl.HAS_TLSv1_3
