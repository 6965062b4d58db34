# SPDX-License-Identifier: Apache-2.0
"""A mail server of the tests' own (aiosmtpd) over TLS under a private authority: what it took stands in `taken`."""

import email
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from tests.acceptance.proxies import private_authority

from tocsin.config.waking import Smtp
from tocsin.world.processes import free_port

USER, PASSWORD = "alarm", "planted-password"
SENDER = "tocsin@ayr.example"


class MailServer:
    """A server that takes mail from one account, and from nobody without TLS; open when it has no folder."""

    def __init__(self, folder: Path | None = None, *, implicit: bool = False) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        """Whom each mail is for, and its bytes."""
        self.refuses: set[str] = set()
        self.port = free_port()
        self._implicit = implicit
        self._context: ssl.SSLContext | None = None
        self._controller: Controller | None = None
        if folder is not None:
            self.authority, certificate, key = private_authority(folder / "tls")
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
            self.password_file = folder / "smtp-password"
            self.password_file.write_text(f"{PASSWORD}\n")
            self.password_file.chmod(0o600)

    def start(self) -> None:
        """Listen, again on the same port after a stop."""
        over = {"ssl_context": self._context} if self._implicit else {"tls_context": self._context}
        asks = self._context is not None and not self._implicit
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=_authenticate,
            auth_required=asks,
            auth_require_tls=asks,
            require_starttls=asks,
            **over,
        )
        self._controller.start()

    def stop(self) -> None:
        """End it."""
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    def settings(self) -> Smtp:
        """How an agent is told of it."""
        return Smtp(
            host="localhost",
            sender=SENDER,
            port=self.port,
            tls="implicit" if self._implicit else "starttls",
            user=USER,
            password_file=str(self.password_file),
            authority_file=str(self.authority),
        )

    def mails(self, address: str) -> list[EmailMessage]:
        """What somebody got, the oldest first."""
        return [email.message_from_bytes(data, policy=default) for to, data in self.taken if address in to]

    async def handle_RCPT(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        assert session.ssl is not None or self._implicit or self._context is None
        assert isinstance(envelope.content, bytes)
        self.taken.append((list(envelope.rcpt_tos), envelope.content))
        return "250 OK"


def _authenticate(
    server: Server, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@contextmanager
def open_mail_server() -> Iterator[MailServer]:
    """A server that takes whatever this machine hands it, without TLS: as a small bank's own does."""
    server = MailServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def mail_server(folder: Path, *, implicit: bool = False) -> Iterator[MailServer]:
    """A server that listens until the end."""
    folder.mkdir(exist_ok=True)
    server = MailServer(folder, implicit=implicit)
    server.start()
    try:
        yield server
    finally:
        server.stop()
