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
from typing import LiteralString

import psycopg

_DEADLINE_SECONDS = 30


def find_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`: Debian's newest, or the one on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    on_path = shutil.which("initdb")
    found = debian[-1] if debian else Path(on_path) if on_path else None
    return found.parent if found else None


class Cluster:
    """A running server with one database, which every test finds empty."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process
        self.dsn = f"host={folder} user=tocsin dbname=postgres"

    def run(self, *statements: LiteralString) -> None:
        """Carry out statements as the server's administrator."""
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)

    def empty(self) -> str:
        """Empty the database; its connection string."""
        self.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        return self.dsn


@contextmanager
def private_cluster(binaries: Path) -> Iterator[Cluster]:
    """Make, start and in the end stop and remove a server, as an unprivileged user when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    user = _unprivileged()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    locale = ["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
    data = folder / "data"
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "-N", *locale],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **account,
        )  # fmt: skip
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={folder}",
            "fsync=off",
            "autovacuum=off",
            "client_min_messages=warning",
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"-c{setting}" for setting in settings)],
                stdout=log, stderr=log, cwd=folder, **account,
            )  # fmt: skip
        try:
            cluster = Cluster(folder, process)
            _wait_until_ready(cluster)
            yield cluster
        finally:
            process.send_signal(signal.SIGINT)  # "fast shutdown": ends sessions, then the server
            process.wait(_DEADLINE_SECONDS)
    finally:
        shutil.rmtree(folder)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root, which it refuses; None when we are not."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _wait_until_ready(cluster: Cluster) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        try:
            psycopg.connect(cluster.dsn).close()
        except psycopg.OperationalError:
            if cluster.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((cluster.folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return
