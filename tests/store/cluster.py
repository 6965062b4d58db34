# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the tests' own: made in a temporary folder, on a Unix socket only, gone at the end.

Its default collation is a language's, not C, so that a query which forgot to compare by bytes is found out.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from tocsin.storage.store import Value

Account = dict[str, Any]
"""As whom a process runs: what `subprocess` takes for it."""

_DEADLINE_SECONDS = 30


def find_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`: Debian's newest, or the one on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    on_path = shutil.which("initdb")
    found = debian[-1] if debian else Path(on_path) if on_path else None
    return found.parent if found else None


class Cluster:
    """A server with one database, which every test finds empty."""

    def __init__(self, folder: Path, binaries: Path, account: Account, *settings: str) -> None:
        self.folder = folder
        self.dsn = f"host={folder} user=tocsin dbname=postgres"
        self.url = f"postgresql://tocsin@/postgres?host={folder}"
        self.process: subprocess.Popen[bytes]
        self._binaries = binaries
        self._account = account
        self._settings = settings

    def start(self) -> None:
        """Start it, or start it again after it was ended in any way."""
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            "fsync=off",  # the power does not fail here; a server that is killed has lost nothing that it wrote
            "autovacuum=off",
            "client_min_messages=warning",
            *self._settings,
        )
        command = [self._binaries / "postgres", "-D", self.folder / "data", *(f"-c{one}" for one in settings)]
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while True:
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=self.folder, **self._account
                )
            if self.answers(deadline):
                return
            # Children of one that was killed may hold its memory for a moment.
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.1)

    def end(self, number: int) -> None:
        """Give the server a signal and wait until it is gone."""
        self.process.send_signal(number)
        self.process.wait(_DEADLINE_SECONDS)

    def crashes(self) -> int:
        """How often one of its processes died by itself, so that all began anew."""
        return (self.folder / "log").read_bytes().count(b"all server processes terminated; reinitializing")

    def answers(self, deadline: float) -> bool:
        """Whether it takes connections before that moment of the monotonic clock, and until then has not ended."""
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def run(self, *statements: LiteralString) -> None:
        """Carry out statements as the server's administrator."""
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)

    def look(self, text: str) -> list[tuple[Value, ...]]:
        """All rows of a statement that is nobody's query."""
        with psycopg.connect(self.dsn, autocommit=True) as admin, admin.cursor(binary=True) as cursor:
            return cursor.execute(text.encode()).fetchall()

    def empty(self) -> str:
        """Empty the database; its connection string."""
        self.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        return self.dsn


@contextmanager
def private_cluster(binaries: Path) -> Iterator[Cluster]:
    """Make, start and in the end stop and remove a server, as an unprivileged user when we are root."""
    locale = ["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
    with _folder() as (folder, account):
        subprocess.run(
            [binaries / "initdb", "-D", folder / "data", "-U", "tocsin", "-A", "trust", "-E", "UTF8", "-N", *locale],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **account,
        )  # fmt: skip
        with _running(Cluster(folder, binaries, account)) as cluster:
            yield cluster


@contextmanager
def standby_of(primary: Cluster, binaries: Path, name: str) -> Iterator[Cluster]:
    """A second server that follows the first under that name."""
    with _folder() as (folder, account):
        origin = f"host={primary.folder} user=tocsin"
        subprocess.run(
            [binaries / "pg_basebackup", "-d", origin, "-D", folder / "data", "-R", "-N", "-c", "fast"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **account,
        )  # fmt: skip
        follow = f"primary_conninfo={origin} application_name={name}"
        with _running(Cluster(folder, binaries, account, follow)) as cluster:
            yield cluster


@contextmanager
def _running(cluster: Cluster) -> Iterator[Cluster]:
    cluster.start()
    try:
        yield cluster
    finally:
        if cluster.process.poll() is None:
            cluster.process.send_signal(signal.SIGCONT)  # a test may have made it stand still
            cluster.end(signal.SIGINT)  # "fast shutdown": ends sessions, then the server


@contextmanager
def _folder() -> Iterator[tuple[Path, Account]]:
    """A server's place, and as whom it runs there."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    user = _unprivileged()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        yield folder, {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    finally:
        shutil.rmtree(folder)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root, which it refuses; None when we are not."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
