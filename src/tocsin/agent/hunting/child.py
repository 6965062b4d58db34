# SPDX-License-Identifier: Apache-2.0
"""What runs inside the hunting child: one log after the other, without keys, without network, out of the way.

It loads all that it needs, then gives up what it does not (`give_up`): the network where the kernel lets go of it,
writing files, new rights, most of the machine's memory, and its turn before others on the processors; and once it is
told where the logs are, whatever else is on the machine (`tocsin.agent.hunting.landlock`). What it reads comes from
outside of the house; a log that ends this process costs that log.

Run by `tocsin.agent.hunting.process` as ``python -I -m tocsin.agent.hunting.child``; the parent trusts nothing it says.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import duckdb
import msgspec
import numpy as np

from tocsin.agent.collecting.files import open_file
from tocsin.agent.hunting.columns import PARQUET, hunt_columns
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.frames import (
    MAX_ANSWER,
    MAX_QUESTION,
    Answer,
    HuntFile,
    HuntLines,
    Know,
    Question,
)
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.landlock import allow_only
from tocsin.agent.hunting.lines import GZIP, hunt_lines, inflated, pieces_of
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.agent.readers.frames import read_frame, write_frame
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import InputError

MAX_MEMORY = 6 * 2**30
"""Bytes of address space: a million values take 0.5 GiB, DuckDB has 1 GiB, and its threads reserve the rest."""
NICE = 15
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT = 2**25
"""Bytes of memory that are kept when they are let go of."""
_SAMPLE = (
    "domain:b\u00fccher.example",
    "ipv6:2001:db8::7",
    "cidr:192.0.2.0/24",
    "url:http://0x7f.1/a",
    f"md5:{'0' * 32}",
)
_LOGS = (
    (b"#separator \\x09", b"#fields\tts\tid.orig_h\tquery", b"1.5\t192.0.2.7\t-"),
    (b"time,host,note", b'2026-11-21T08:30:00Z,192.0.2.7,"a, b"'),
    (b'{"timestamp":"2021-06-06T15:59:46.457984+0200","dest_ip":"192.0.2.7"}',),
)
"""A few lines of each format; with what is known, so that they are read."""
_OF_DUCKDB = ("/proc/self/cgroup", "/sys/fs/cgroup")
"""What DuckDB asks for the bounds of its container, and will not do without."""


class Hunter:
    """Knows values, and hunts them."""

    def __init__(self) -> None:
        self.index = Index(())
        self.sieve = Sieve(self.index)

    def answer(self, question: Question, tell: Callable[[int], None]) -> Answer:
        """What comes of a question; whatever goes wrong stays with its log."""
        try:
            return self._answer(question, tell)
        except InputError as error:
            return Answer(refusal=error.detail)
        except OSError as error:
            return Answer(refusal=f"{error.strerror}.")
        except MemoryError:
            return Answer(refusal="It needs more memory than a hunt may take.")
        except Exception as error:  # composition root: one log's surprise must not end the hunt
            return Answer(refusal=f"An internal error of the hunt ({type(error).__name__}).")

    def _answer(self, question: Question, tell: Callable[[int], None]) -> Answer:
        match question:
            case Know(values=values):
                self.index = Index(map(_observable, values))
                self.sieve = Sieve(self.index)
                gc.freeze()  # else each of its rounds looks at a million values that stay
                return Answer()
            case HuntFile():
                return Answer(hunted=self._hunt_file(question, tell))
            case HuntLines(lines):
                return Answer(hunted=self._hunt((b"\n".join(lines) + b"\n",), tell))

    def _hunt_file(self, asked: HuntFile, tell: Callable[[int], None]) -> Hunted:
        """Hunt in one file, by its first bytes: Parquet, what gzip has made of lines, or lines."""
        with open_file(Path(asked.path), follow=asked.follow) as file:
            head = file.read(4)
            file.seek(0)
            if head == PARQUET:
                return hunt_columns(file, self.index, self.sieve, tell, asked.threads)
            pieces = pieces_of(file)
            if head.startswith(GZIP):
                pieces = inflated(pieces, os.fstat(file.fileno()).st_size)
            return self._hunt(pieces, tell)

    def _hunt(self, pieces: Iterable[bytes], tell: Callable[[int], None]) -> Hunted:
        return hunt_lines(pieces, self.sieve, Tally(self.index), tell)


def give_up() -> None:
    """Let go, for good, of what a hunt does not need."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for kind, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, MAX_MEMORY),
    ):
        with suppress(ValueError):  # a lower one holds already
            resource.setrlimit(kind, (bound, bound))
    os.nice(NICE)


def keep_memory() -> None:
    """Keep what numpy lets go of: else the kernel clears the same pages again for every piece of a log (mallopt(3))."""
    with suppress(AttributeError):  # another C library than glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEPT)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)


def preload() -> None:
    """Hunt once in everything that is hunted in, so that no module has to be loaded later: none can be."""
    hunter = Hunter()
    values = tuple(value.partition(":")[2].encode() for value in _SAMPLE)
    hunter.answer(Know(_SAMPLE), lambda behind: None)
    for lines in (values, *_LOGS):
        hunter.answer(HuntLines(lines), lambda behind: None)
    with duckdb.connect() as database:
        database.register("given", {"text": np.array(_SAMPLE, object)})
        database.sql("FROM given").fetchall()


def main() -> None:
    """Serve until the parent goes away."""
    give_up()
    keep_memory()
    preload()
    serve(Hunter(), sys.stdin.buffer, sys.stdout.buffer, allow_only)


def serve(
    hunter: Hunter, questions: BinaryIO, answers: BinaryIO, confine: Callable[[Iterable[Path]], object]
) -> None:
    """Answer question after question; `confine` hears which places the logs are in, before the first is opened."""

    def say(answer: Answer) -> None:
        """One frame to the parent."""
        write_frame(answers, msgspec.msgpack.encode(answer))

    while (data := read_frame(questions, MAX_QUESTION)) is not None:
        question = msgspec.msgpack.decode(data, type=Question)
        if isinstance(question, Know):
            confine(map(Path, (*question.places, *_OF_DUCKDB)))
        answer = hunter.answer(question, lambda behind: say(Answer(behind=behind)))
        body = msgspec.msgpack.encode(answer)
        if len(body) > MAX_ANSWER:
            body = msgspec.msgpack.encode(Answer(refusal="More was found than can be told."))
        write_frame(answers, body)


def _observable(text: str) -> Observable:
    kind, _, value = text.partition(":")
    return Observable(Kind(kind), value)


if __name__ == "__main__":
    main()
