# SPDX-License-Identifier: Apache-2.0
"""The agent's side of the hunting child: tell it what is known, name a log, and get what was found in it.

It is started when it is first asked, and again after it died over a log, which is then said of that log. What it says
is believed no more than the log: a value that nobody asked for is none.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.frames import Answer, HuntFile, HuntLines, Know, Question, receive
from tocsin.agent.readers.frames import send_by
from tocsin.domain.observable import Observable
from tocsin.errors import ConfigError, Malformed, TooCostly, Unreadable

_OF_SPARK = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_", "SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "KRB5")
"""How variables begin that Spark and its file systems ask for; nothing else of the agent's environment is handed on."""
SILENCE_SECONDS = 1_800.0
"""It says how far it is after each block; over Parquet it is silent until DuckDB is through."""


def _nobody(behind: int) -> None:
    """Nobody wants to know how far it is."""


class HuntingChild:
    """One hunting process at a time, for one set of known values; use it from one thread."""

    _module = "tocsin.agent.hunting.child"

    def __init__(
        self,
        known: Collection[Observable],
        places: Iterable[Path] = (),
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """`places` are the files and folders that it may open, where the kernel knows Landlock."""
        self._known = frozenset(known)
        self._places = tuple(str(place.absolute()) for place in places)
        self._silence_seconds = silence_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None while there is none."""
        return self._process.pid if self._process else None

    def file(
        self, path: str, *, follow: bool = False, threads: int = 1, tell: Callable[[int], None] = _nobody
    ) -> Hunted:
        """Hunt in a file. Unreadable when it is no log or ended the child, TooCostly when it took too long."""
        return self._ask(HuntFile(path, follow, threads), tell)

    def lines(self, lines: Collection[bytes]) -> Hunted:
        """Hunt in some lines; errors as for a file."""
        return self._ask(HuntLines(tuple(lines)), _nobody)

    def pause(self) -> None:
        """Let it rest; from any thread."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End what it does: another thread that waits for it gets Unreadable, and then closes it."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """End the child, if there is one, and let go of its pipes."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _ask(self, question: Question, tell: Callable[[int], None]) -> Hunted:
        answer = self._answer(self._running(), question, tell)
        if answer.hunted is None:
            raise Unreadable(answer.refusal[:400] or "The hunt said nothing.")
        sound = tuple(one for one in answer.hunted.found if one.observable in self._known)
        return msgspec.structs.replace(answer.hunted, found=sound)

    def _answer(
        self, process: subprocess.Popen[bytes], question: Question, tell: Callable[[int], None]
    ) -> Answer:
        """The last word on a question."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            send_by(process.stdin.fileno(), msgspec.msgpack.encode(question), self._until())
            while body := receive(process.stdout.fileno(), self._until()):
                answer = msgspec.msgpack.decode(body, type=Answer)
                if not answer.behind:
                    return answer
                tell(answer.behind)
        except TimeoutError:
            self.close()
            raise TooCostly(f"It took more than {self._silence_seconds:g} seconds without a word.") from None
        except (Malformed, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.close()
            raise Unreadable(f"What the hunt says of it cannot be understood: {error}.") from None
        except (OSError, ValueError):
            pass  # it died meanwhile
        self.close()
        raise Unreadable(f"It ended the process that hunted in it (status {process.returncode}).")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(  # noqa: S603 a module of ours
                [sys.executable, "-I", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a traceback would carry lines of a log into another
                cwd="/",
                env=self._environment(),
                close_fds=True,
                start_new_session=True,  # Ctrl-C is for the agent, which then closes it
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
            self._answer(self._process, Know(tuple(map(str, self._known)), self._places), _nobody)
        return self._process

    def _environment(self) -> dict[str, str]:
        """Numpy's own threads would keep the child from a namespace, and Landlock binds only whoever asks."""
        return {"OPENBLAS_NUM_THREADS": "1"}

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is not None:
            process.send_signal(number)

    def _until(self) -> float:
        return time.monotonic() + self._silence_seconds


class SparkChild(HuntingChild):
    """The same for tables of the bank's own Spark, and Parquet that it reads: `file` takes their names and paths."""

    _module = "tocsin.agent.hunting.spark"

    def __init__(
        self,
        known: Collection[Observable],
        environment: Mapping[str, str],
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """`environment` says which Spark it is. ConfigError when the extra is not installed."""
        super().__init__(known, (), silence_seconds)
        if missing := [name for name in ("ibis", "pyspark") if find_spec(name) is None]:
            raise ConfigError(
                f"Python has no {missing[0]} here: Spark is an extra.",
                next_step="Install it beside Tocsin: pip install 'tocsin[spark]'; Spark needs Java 17 too.",
            )
        self._given = {name: text for name, text in environment.items() if name.startswith(_OF_SPARK)}

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **self._given}
