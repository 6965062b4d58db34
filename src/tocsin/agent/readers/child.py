# SPDX-License-Identifier: Apache-2.0
"""What runs inside the reader child: read one file after the other, able to do nothing else.

Before the first byte of a file arrives it loads all that reading may need and then gives up, for good: opening files
and sockets (the kernel refuses any new descriptor), writing files, starting programs, the network, importing code, core
dumps, and memory above `MAX_MEMORY`. Each item gets `CPU_SECONDS` of processor time, counted by the kernel, which ends
the process when they are used up, also inside a C library. It holds no key and its environment is empty.

Run by `tocsin.agent.readers.process` as ``python -I -m tocsin.agent.readers.child``; the parent trusts nothing it says.
"""

import ctypes
import encodings
import importlib
import pkgutil
import resource
import signal
import sys
from importlib.machinery import BuiltinImporter

import msgspec

from tocsin.agent.readers.formats import read
from tocsin.agent.readers.frames import MAX_ANSWER, MAX_FILE, Answer, read_frame, write_frame
from tocsin.agent.readers.gather import MAX_RAW, plain
from tocsin.errors import InputError, TooCostly, TooLarge, Unreadable

CPU_SECONDS = 1.0
MAX_MEMORY = 768 * 2**20
"""Bytes of address space: about 60 MB of program, and twenty times the largest file, which is what a tree costs."""
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    """Serve until the parent goes away."""
    preload()
    confine()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while (data := read_frame(questions, MAX_FILE)) is not None:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        body = answer(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_frame(answers, body)


def answer(data: bytes) -> bytes:
    """The encoded answer about one file; whatever goes wrong is said and stays with this file."""
    try:
        body = msgspec.msgpack.encode(Answer(reading=read(data)))
    except InputError as error:
        return _refusal(error)
    except MemoryError:
        return _refusal(TooCostly(f"It needs more than {MAX_MEMORY >> 20} MiB of memory."))
    except RecursionError:
        return _refusal(Unreadable("It is nested too deep."))
    except Exception as error:  # composition root: one file's surprise must not end the reader
        return _refusal(Unreadable(f"An internal error of the reader ({type(error).__name__})."))
    if len(body) > MAX_ANSWER:
        return _refusal(TooLarge(f"What it names does not fit into {MAX_ANSWER >> 20} MiB."))
    return body


def preload() -> None:
    """Load whatever reading may import later, by reading one of each; then allow only what is built in."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem"):  # Windows only
            importlib.import_module(f"encodings.{module.name}")
    answer(b"From: a@reader.example\nSubject: =?utf-8?q?warm?=\n\n<p>https://b\xc3\xbc.example/</p>")
    sys.meta_path[:] = [BuiltinImporter]


def confine() -> None:
    """Give up everything that reading does not need; what the kernel cannot give is left out only for the network."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    for kind, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (bound, bound))


def _refusal(error: InputError) -> bytes:
    return msgspec.msgpack.encode(Answer(problem=error.problem, reason=plain(error.detail, MAX_RAW)))


if __name__ == "__main__":
    main()
