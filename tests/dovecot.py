# SPDX-License-Identifier: Apache-2.0
"""A Dovecot of the tests' own: an IMAP server over TLS, made in a temporary folder, gone at the end.

It runs as one ordinary user throughout; mails are put into its maildir as a mail server delivers them.
"""

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.proxies import private_authority

from tocsin.world.processes import free_port

USER, PASSWORD = "abuse", "pä$$ \\wort"
_DEADLINE_SECONDS = 30

_SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{folder}/tls/hub.pem
ssl_key = <{folder}/tls/hub.key
mail_location = maildir:{folder}/mail
mail_fsync = never
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
namespace inbox {{
  inbox = yes
}}
"""


def find_dovecot() -> Path | None:
    """The server's program, if it is installed with its IMAP part."""
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found and Path("/usr/lib/dovecot/imap").exists() else None


class Dovecot:
    """A server with one account."""

    def __init__(self, folder: Path, program: Path, account: dict[str, Any]) -> None:
        self.folder = folder
        self.port = free_port()
        self.authority = folder / "tls" / "ca.pem"
        self._program = program
        self._account = account
        self._process: subprocess.Popen[bytes]
        self._delivered = 0

    def start(self) -> None:
        """Start it, or start it again on the same port."""
        config = self.folder / "dovecot.conf"
        self._process = subprocess.Popen(
            [self._program, "-F", "-c", config], cwd=self.folder, stderr=subprocess.STDOUT, **self._account
        )
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_DEADLINE_SECONDS)

    def deliver(self, mail: bytes, box: str = "") -> Path:
        """A mail comes in; where it lies."""
        self._delivered += 1
        place = self.folder / "mail" / box
        name = f"{1_795_000_000 + self._delivered}.{self._delivered}.tests"
        for part in ("tmp", "new", "cur"):
            self._own(place / part)
        (place / "tmp" / name).write_bytes(mail)
        shutil.chown(place / "tmp" / name, *self._names())
        return (place / "tmp" / name).rename(place / "new" / name)

    def renumber(self) -> None:
        """Lose the mailbox's index, as an administrator who repairs it does: its UIDVALIDITY becomes another."""
        for path in (self.folder / "mail").glob("dovecot*"):
            path.unlink()

    def flags(self) -> list[str]:
        """The flags of every mail, and how many mails there are with it."""
        names = [path.name for part in ("new", "cur") for path in (self.folder / "mail" / part).iterdir()]
        return sorted(name.partition(":2,")[2] for name in names)

    def log(self) -> str:
        """What it said."""
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _own(self, folder: Path) -> None:
        """A folder of the account's, with those above it."""
        for path in reversed([folder, *folder.parents]):
            if not path.exists():
                path.mkdir(mode=0o700)
                shutil.chown(path, *self._names())

    def _names(self) -> tuple[int, int]:
        return int(self._account.get("user", os.geteuid())), int(self._account.get("group", os.getegid()))


@contextmanager
def private_dovecot(program: Path) -> Iterator[Dovecot]:
    """Make, start and in the end stop and remove a server, as an unprivileged user when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-imap-"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    group = grp.getgrgid(user.pw_gid).gr_name
    account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    server = Dovecot(folder, program, account)
    try:
        private_authority(folder / "tls")
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        filled = _SETTINGS.format(folder=folder, user=user.pw_name, group=group, port=server.port)
        (folder / "dovecot.conf").write_text(filled)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user.pw_uid, user.pw_gid)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
