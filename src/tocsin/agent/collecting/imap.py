# SPDX-License-Identifier: Apache-2.0
"""One connection to an IMAP server (RFC 3501), on which nothing can be changed and the server can waste little.

The mailbox is opened by EXAMINE, mails are fetched by BODY.PEEK: no flag is set, nothing is deleted. The standard
library's client bounds neither how large a literal it allocates nor how much an answer holds in all; here both end at
`MAX_ANSWER` and `MAX_LINES`. TLS with a checked certificate is required, except on this very machine.
"""

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from tocsin.agent.readers.containers import MAX_FILE
from tocsin.clock import SECOND, Instant
from tocsin.config.agent import Imap
from tocsin.errors import ConfigError, RemoteError, TocsinError, Unreachable

MAX_ANSWER = MAX_FILE + 2**20
"""Bytes that a server may say in answer to one command: a mail, and what stands around it."""
MAX_LINES = 10_000
"""And lines: each costs time, however short. An honest server says one for each mail whose flags others change."""
SOCKET_SECONDS = 20.0
"""How long one piece of an answer is waited for."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LARGEST_UID = 2**32 - 1


Opening = Callable[[imaplib.IMAP4], None]
"""Is told of a client as soon as it has a socket."""


class _Bounded(imaplib.IMAP4):
    """The standard library's client, which stops believing a server that says too much."""

    _left = MAX_ANSWER
    _lines = MAX_LINES

    def __init__(self, settings: Imap, opened: "Opening") -> None:
        self._opened, self._port = opened, settings.port
        super().__init__(settings.host, settings.port, timeout=SOCKET_SECONDS)

    def open(self, host: str = "", port: int | None = None, timeout: float | None = None) -> None:
        """Connect; from then on it can be stopped, before the server has greeted."""
        super().open(host, port or self._port, timeout)
        self._opened(self)

    def read(self, size: int) -> bytes:
        """A literal, of which no more is allocated than the answer may still have."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """A line."""
        line = super().readline()
        self._lines -= 1
        self._spend(len(line))
        return line

    def send(self, data: Any) -> None:
        """A command, or a piece of one: its answer has the whole bound."""
        self._left, self._lines = MAX_ANSWER, MAX_LINES
        super().send(data)

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0 or self._lines < 0:
            raise RemoteError(
                f"The server says more than {MAX_LINES:,} lines or {MAX_ANSWER >> 20} MiB in one answer."
            )


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    """The same under TLS from the first byte (RFC 8314)."""

    def __init__(self, settings: Imap, trusted: ssl.SSLContext, opened: "Opening") -> None:
        self._opened, self._port = opened, settings.port
        imaplib.IMAP4_SSL.__init__(
            self, settings.host, settings.port, ssl_context=trusted, timeout=SOCKET_SECONDS
        )


class Connection:
    """A connection that has logged in; use it as a context."""

    def __init__(self, settings: Imap, password: str) -> None:
        self._settings = settings
        self._place = f"{settings.host}:{settings.port}"
        self._client: imaplib.IMAP4 | None = None
        self._password = password

    def __enter__(self) -> Self:
        try:
            with self._explained():
                client = _client(self._settings, self._opened)
            self._log_in(client)
        except BaseException:
            self._close()
            raise
        return self

    def _opened(self, client: imaplib.IMAP4) -> None:
        self._client = client

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._client is not None:
            with suppress(imaplib.IMAP4.error, OSError, TocsinError):
                self._client.logout()
        self._close()

    def open(self) -> int:
        """Open the mailbox of the settings for reading only; its UIDVALIDITY. ConfigError when there is none."""
        client = self._connected()
        with self._explained():
            answer, said = client.select(_quoted(_utf7(self._settings.folder)), readonly=True)
            if answer != "OK":
                raise ConfigError(
                    f"{self._place} opens no mailbox {self._settings.folder!r}: {_text(said)}",
                    next_step="Check `imap.folder` in agent.toml, and what this account may read.",
                )
            return _number(client.response("UIDVALIDITY")[1])

    def after(self, uid: int, since: Instant | None) -> list[int]:
        """The UIDs of all mails after one, in order; with `since`, of those that came on that day or later."""
        client = self._connected()
        day = ("SINCE", _day(since)) if since is not None else ()
        with self._explained():
            answer, said = client.uid("SEARCH", "UID", f"{uid + 1}:*", *day)
            self._demand(answer, said)
        words = b" ".join(word for word in said if isinstance(word, bytes)).split()
        found = {int(word) for word in words if word.isdigit() and len(word) <= 10}
        # `n:*` names the last mail even when its number is below n (RFC 3501 §6.4.8).
        return sorted(one for one in found if uid < one <= _LARGEST_UID)

    def mail(self, uid: int) -> bytes | None:
        """A mail, or as much of it as shows that it is larger than `MAX_FILE`; None when it is gone."""
        client = self._connected()
        with self._explained():
            answer, said = client.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MAX_FILE + 1}>)")
            self._demand(answer, said)
        literals = [part[1] for part in said if isinstance(part, tuple)]
        around = b" ".join(part[0] if isinstance(part, tuple) else part or b"" for part in said)
        named = re.search(rb"\bUID %d\b" % uid, around)
        return bytes(literals[0]) if literals and named else None

    def stop(self) -> None:
        """End whatever another thread waits for on it."""
        client = self._client
        if client is not None:
            with suppress(OSError):
                socket.socket.shutdown(client.sock, socket.SHUT_RDWR)

    def _log_in(self, client: imaplib.IMAP4) -> None:
        user = self._settings.user
        try:
            with self._explained(refusals=False):
                if "AUTH=PLAIN" in client.capabilities:  # takes every letter (RFC 4616)
                    plain = f"\0{user}\0{self._password}".encode()
                    client.authenticate("PLAIN", lambda _: plain)
                elif (user + self._password).isascii():
                    client.login(_quoted(user), self._password)
                else:
                    raise ConfigError(f"{self._place} takes only passwords of English letters.")
        except imaplib.IMAP4.error as error:
            raise ConfigError(
                f"{self._place} does not let {user!r} in: {_text(error.args)}",
                next_step="Check `imap.user`, and the password in the file that `imap.password_file` names.",
            ) from None

    def _connected(self) -> imaplib.IMAP4:
        assert self._client is not None, "it is used as a context"
        return self._client

    def _demand(self, answer: str, said: list[Any]) -> None:
        if answer != "OK":
            raise RemoteError(f"{self._place} refuses a command: {_text(said)}")

    @contextmanager
    def _explained(self, *, refusals: bool = True) -> Iterator[None]:
        """What the library and the system raise, in our words."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"{self._place}: its certificate is not good ({error.verify_message}).",
                next_step="Name your authority's PEM file in `imap.authority_file`, and check `imap.host`.",
            ) from None
        except OSError as error:
            raise Unreachable(
                f"{self._place}: {error.strerror or error}.",
                next_step="Check `imap.host` and `imap.port` in agent.toml, the network and the firewall.",
            ) from None
        except imaplib.IMAP4.abort as error:
            raise RemoteError(f"{self._place} broke off: {_text(error.args)}") from None
        except imaplib.IMAP4.error as error:
            if not refusals:
                raise
            raise RemoteError(
                f"{self._place} does not speak IMAP as it should: {_text(error.args)}"
            ) from None
        except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
            # The library trusts the form of what a server says.
            raise RemoteError(
                f"{self._place} says what no IMAP server says ({type(error).__name__})."
            ) from None

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.shutdown()


def demand_safe(settings: Imap) -> None:
    """ConfigError when a password would go over a network without TLS."""
    if not settings.tls and settings.host not in LOOPBACK:
        raise ConfigError(
            f"`imap.tls` is off, and {settings.host} is another machine.",
            next_step="Leave `imap.tls` out of agent.toml; a server's port for TLS is 993.",
        )


def _client(settings: Imap, opened: Opening) -> imaplib.IMAP4:
    demand_safe(settings)
    if not settings.tls:
        return _Bounded(settings, opened)
    try:
        trusted = ssl.create_default_context(cafile=settings.authority_file or None)
    except OSError as error:
        raise ConfigError(f"`imap.authority_file` {settings.authority_file}: {error.strerror}.") from None
    return _BoundedTls(settings, trusted, opened)


def _quoted(text: str) -> str:
    """A quoted string (RFC 3501 §4.3); no line end gets out of it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(letter for letter in escaped if letter.isprintable()) + '"'


def _utf7(name: str) -> str:
    """A mailbox's name as it is sent (RFC 3501 §5.1.3)."""

    def encoded(found: re.Match[str]) -> str:
        """A run of letters in UTF-7's own base64, which has a comma for the slash."""
        letters = base64.b64encode(found[0].encode("utf-16-be"), b"+,").decode().rstrip("=")
        return f"&{letters}-"

    return re.sub(r"[^\x20-\x7e]+", encoded, name.replace("&", "&-"))


def _day(instant: Instant) -> str:
    """``21-Nov-2026``, whatever language the machine speaks."""
    day = datetime.fromtimestamp(instant // SECOND, UTC)
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def _number(said: list[Any]) -> int:
    """The last number that was said; 0 when there was none."""
    digits = [int(one) for one in said if isinstance(one, bytes) and one.isdigit() and len(one) <= 10]
    return digits[-1] if digits else 0


def _text(said: Any) -> str:
    """What a server said, short and printable, for a person."""
    words = [one.decode("ascii", "replace") if isinstance(one, bytes) else str(one) for one in said if one]
    return "".join(letter for letter in " ".join(words) if letter.isprintable())[:200] or "no reason given."
