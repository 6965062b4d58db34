# SPDX-License-Identifier: Apache-2.0
"""A mailbox on an IMAP server as a source: it is looked at again and again, and never changed.

The position is ``UIDVALIDITY:UID`` (RFC 3501 §2.3.1.1): every mail up to that UID was given. When the server gives the
mailbox another UIDVALIDITY, its numbers mean other mails, and it is read as at the first look; what was collected
before is recognised by its bytes. A connection lasts for one look, so a server that was restarted is no special case.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from tocsin.agent.collecting.arrival import MAX_BATCH, MAX_BATCH_BYTES, Arrival, Batch
from tocsin.agent.collecting.imap import Connection, demand_safe
from tocsin.agent.credential import Credentials
from tocsin.agent.readers.containers import MAX_FILE
from tocsin.clock import DAY, Clock, Instant
from tocsin.config.agent import Imap

_BATCH_SECONDS = 60.0
"""After so long a batch ends with the mail that is being fetched: over a slow line, too, the position moves on."""


class Mailbox:
    """The mailbox of the settings."""

    def __init__(self, settings: Imap, folder: Path, clock: Clock, environment: Mapping[str, str]) -> None:
        """`folder` is the agent's: a password file that is named by a relative path lies there."""
        self.name = f"imap {settings.host} {settings.folder}"
        self.seconds = float(settings.seconds)
        self._settings = settings
        self._clock = clock
        self._credentials = Credentials(folder, environment)
        self._open: Connection | None = None

    def look(self, position: str) -> Batch:
        """The next mails behind a position, oldest first."""
        with self._connected() as connection:
            validity = connection.open()
            uid = _uid_of(position, validity)
            since = None if uid else self._first_day()
            found, until = connection.after(uid, since), time.monotonic() + _BATCH_SECONDS
            arrivals, size = list[Arrival](), 0
            for number, one in enumerate(found):
                full = number == MAX_BATCH or size > MAX_BATCH_BYTES
                if full or (number and time.monotonic() > until):
                    return Batch(tuple(arrivals), f"{validity}:{uid}", more=True)
                mail = connection.mail(one)
                uid = one
                if mail is not None:
                    arrivals.append(self._arrival(one, mail))
                    size += len(mail)
        return Batch(tuple(arrivals), f"{validity}:{uid}")

    def stop(self) -> None:
        """End a look that another thread is in."""
        connection = self._open
        if connection is not None:
            connection.stop()

    def _connected(self) -> Connection:
        demand_safe(self._settings)
        self._open = Connection(self._settings, self._password())
        return self._open

    def _first_day(self) -> Instant:
        return Instant(max(self._clock.now() - self._settings.first_days * DAY, 0))

    def _arrival(self, uid: int, mail: bytes) -> Arrival:
        name = f"{self._settings.folder}, mail {uid}"
        if len(mail) > MAX_FILE:
            return Arrival(name, b"", f"It has more than {MAX_FILE // 2**20} MiB.")
        return Arrival(name, mail)

    def _password(self) -> str:
        return self._credentials.read(
            self._settings.password_file, "imap.password_file", "docs/howto/collect-what-comes-in.md"
        )


def _uid_of(position: str, validity: int) -> int:
    """The UID of a position, if it is one of the mailbox as it is now."""
    before, _, uid = position.partition(":")
    return int(uid) if before == str(validity) and uid.isdigit() else 0
