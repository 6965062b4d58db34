# SPDX-License-Identifier: Apache-2.0
"""Runs `tocsin` as it is, but ends with SIGKILL in a commit: `python -m tests.crash.doomed COUNT WHEN WORD...`

In the COUNT-th commit of a writing transaction: ``before`` it is asked for, ``during`` it, or ``after`` it was done and
before anybody heard. During means: with SQLite when a part of it is written into the log, with PostgreSQL when it is on
its way to the server. ``server`` ends the server's process of this connection instead, and this one lives.
"""

import os
import signal
import sys

import apsw

from tocsin.__main__ import main
from tocsin.storage.postgres import PostgresEngine
from tocsin.storage.sqlite import SqliteEngine
from tocsin.storage.store import Engine, Purpose


class Doom:
    """Counts commits, and ends the process in one of them."""

    def __init__(self, count: int, when: str) -> None:
        self.left = count
        self.when = when
        self.committing = False
        self.written = 0
        self._open: dict[Engine, Purpose] = {}

    def begin(self, engine: Engine, purpose: Purpose) -> None:
        """A transaction has begun there."""
        self._open[engine] = purpose

    def meet(self, engine: Engine) -> bool:
        """Whether the commit of what is open there is the one."""
        if not self._open[engine].startswith("write"):
            return False
        self.left -= 1
        return self.left == 0

    def end(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hear_write(self) -> None:
        """The second write of a commit to the log comes between a frame's header and its page."""
        self.written += self.committing
        if self.written == 2:
            self.end()


class _File(apsw.VFSFile):
    def __init__(self, doom: Doom, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._doom = doom

    def xWrite(self, data: bytes, offset: int) -> None:
        self._doom.hear_write()
        super().xWrite(data, offset)


class _Disk(apsw.VFS):
    def __init__(self, doom: Doom) -> None:
        super().__init__("doomed", "unix", makedefault=True)
        self._doom = doom

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:
        return _File(self._doom, name, flags)


def watch(doom: Doom, kind: type[SqliteEngine] | type[PostgresEngine]) -> None:
    """Tell it of every transaction."""
    begin = kind.begin

    def watched(engine: Engine, purpose: Purpose) -> None:
        begin(engine, purpose)  # type: ignore[arg-type]
        doom.begin(engine, purpose)

    kind.begin = watched  # type: ignore[method-assign, assignment]


def doom_sqlite(doom: Doom) -> None:
    commit = SqliteEngine.commit

    def doomed(engine: SqliteEngine) -> None:
        if not doom.meet(engine):
            commit(engine)
            return
        if doom.when == "before":
            doom.end()
        doom.committing = doom.when == "during"
        commit(engine)
        doom.end()

    SqliteEngine.commit = doomed  # type: ignore[method-assign]


def doom_postgres(doom: Doom) -> None:
    commit = PostgresEngine.commit

    def doomed(engine: PostgresEngine) -> None:
        if not doom.meet(engine):
            commit(engine)
            return
        if doom.when == "server":
            server = engine._connection.info.backend_pid
            engine._connection.pgconn.send_query(b"COMMIT")
            os.kill(server, signal.SIGKILL)
            engine._connection.close()
            commit(engine)  # as one finds out: the connection is lost
        if doom.when == "during":
            engine._connection.pgconn.send_query(b"COMMIT")
            doom.end()
        if doom.when == "after":
            commit(engine)
        doom.end()

    PostgresEngine.commit = doomed  # type: ignore[method-assign]


if __name__ == "__main__":
    fate = Doom(int(sys.argv[1]), sys.argv[2])
    disk = _Disk(fate)
    watch(fate, SqliteEngine)
    watch(fate, PostgresEngine)
    doom_sqlite(fate)
    doom_postgres(fate)
    sys.argv = ["tocsin", *sys.argv[3:]]
    main()
