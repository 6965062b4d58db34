# SPDX-License-Identifier: Apache-2.0
"""Tells one person by mail (RFC 5321), over TLS with a checked certificate, except to a server on this very machine.

The standard library's client bounds neither how many lines a server may answer nor for how long; here an answer has
`MAX_LINES` and one delivery `MOST_SECONDS`. The mail says that a machine wrote it (RFC 3834): no machine answers.
"""

import asyncio
import io
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Literal

from tocsin.agent.credential import Credentials
from tocsin.agent.waking.words import headline, letter
from tocsin.clock import SECOND, Clock
from tocsin.config.waking import Smtp
from tocsin.errors import ConfigError, RemoteError, Unreachable
from tocsin.hooks import Notice
from tocsin.ids import Entropy

MAX_LINES = 100
MOST_SECONDS = 50.0
_SOCKET_SECONDS = 20.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
HOWTO = "docs/howto/wake-a-human.md"


class Mail:
    """The mail server of the settings. One connection for each message: there are few."""

    def __init__(self, settings: Smtp, credentials: Credentials, clock: Clock, entropy: Entropy) -> None:
        if settings.tls == "none" and settings.host not in LOOPBACK:
            raise ConfigError(f"`wake.smtp.tls` is none, and {settings.host} is another machine.")
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._entropy = entropy

    def name(self) -> str:
        """In the log and for the doctor."""
        return "smtp"

    def reaches(self) -> Literal["person", "team", "record"]:
        """One person at a time."""
        return "person"

    async def tell(self, notice: Notice) -> None:
        """Hand the mail to the server; RemoteError or ConfigError when it does not take it for anybody."""
        client = self._client()
        sending = asyncio.ensure_future(asyncio.to_thread(self._send, client, self._mail(notice)))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            client.stop()
            raise

    def _client(self) -> "_Bounded":
        kind = _BoundedTls if self._settings.tls == "implicit" else _Bounded
        return kind(self._settings.host, self._domain(), self._trusted())

    def _domain(self) -> str:
        """How this machine calls itself: its own name is nobody's business."""
        return self._settings.sender.rpartition("@")[2]

    def _trusted(self) -> ssl.SSLContext:
        authority = self._settings.authority_file
        try:
            return ssl.create_default_context(cafile=authority or None)
        except OSError as error:
            raise ConfigError(f"`wake.smtp.authority_file` {authority}: {error.strerror}.") from None

    def _mail(self, notice: Notice) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self._settings.sender, ", ".join(notice.to)
        mail["Subject"] = f"Tocsin: {headline(notice)}"
        mail["Date"] = format_datetime(datetime.fromtimestamp(self._clock.now() // SECOND, UTC))
        mail["Message-ID"] = f"<{self._entropy(16).hex()}@{self._domain()}>"
        mail["Auto-Submitted"] = "auto-generated"
        if notice.urgent:
            mail["Importance"] = "high"
        mail.set_content(letter(notice))
        return mail

    def _send(self, client: "_Bounded", mail: EmailMessage) -> None:
        settings = self._settings
        place = f"{settings.host}:{settings.port}"
        password = ""
        if settings.user:
            password = self._credentials.read(settings.password_file, "wake.smtp.password_file", HOWTO)
        try:
            client.open(settings.port)
            if settings.tls == "starttls":
                client.starttls(context=client.trusted)
            if settings.user:
                client.login(settings.user, password)
            client.send_message(mail)
            with suppress(smtplib.SMTPException, OSError, ValueError):
                client.quit()  # it has the message already
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"{place}: its certificate is not good ({error.verify_message}).",
                next_step="Name your authority's PEM file in `wake.smtp.authority_file`, and check `wake.smtp.host`.",
            ) from None
        except smtplib.SMTPException as error:
            raise RemoteError(f"{place} does not take the message: {_reason(error)}.") from None
        except UnicodeEncodeError:
            raise ConfigError("The password for `wake.smtp` holds letters that SMTP cannot carry.") from None
        except (OSError, ValueError) as error:
            raise Unreachable(
                f"{place}: {error}.",
                next_step="Check `wake.smtp` in agent.toml, the network and the firewall.",
            ) from None
        finally:
            with suppress(OSError):
                client.close()


class _Bounded(smtplib.SMTP):
    """The standard library's client, which stops listening to a server that says too much or takes too long."""

    def __init__(self, host: str, domain: str, trusted: ssl.SSLContext) -> None:
        super().__init__(local_hostname=domain, timeout=_SOCKET_SECONDS)
        self._host = host  # what the certificate is checked for
        self.trusted = trusted
        self._until = time.monotonic() + MOST_SECONDS

    def open(self, port: int) -> None:
        """Connect, and be greeted."""
        code, said = self.connect(self._host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)

    def getreply(self) -> tuple[int, bytes]:
        """An answer, within its bounds."""
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock.makefile("rb"), self._until)
        if isinstance(self.file, _Lines):
            self.file.left = MAX_LINES
        return super().getreply()

    def stop(self) -> None:
        """End what another thread waits for."""
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)


class _BoundedTls(_Bounded):
    """The same under TLS from the first byte (RFC 8314)."""

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # the library's own way in
        return self.trusted.wrap_socket(plain, server_hostname=host)


def _reason(error: smtplib.SMTPException) -> str:
    """Why, without an address or a name: it goes into the log."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"it refuses every address ({', '.join(sorted({str(code) for code, _ in error.recipients.values()}))})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answers {error.smtp_code}"
    return str(error).rstrip(".")


class _Lines:
    """What a server says, line by line."""

    def __init__(self, file: io.BufferedIOBase, until: float) -> None:
        self._file = file
        self._until = until
        self.left = MAX_LINES

    def readline(self, size: int = -1) -> bytes:
        """A line; ValueError when it is one too many, or too late."""
        self.left -= 1
        if self.left < 0 or time.monotonic() > self._until:
            raise ValueError("it says more than an SMTP server has to say, or takes too long")
        return self._file.readline(size)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
