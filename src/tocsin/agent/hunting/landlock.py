# SPDX-License-Identifier: Apache-2.0
"""Lets this process open some files and folders for reading and nothing else on the machine, for good.

By Landlock, which Linux has since 5.13 and which needs no rights; on a kernel without it nothing happens. What is open
already stays so, and so does what the kernel cannot take: names can still be asked about (stat), and modes changed. Of
newer kernels it also takes connections and signals to other processes, and of all of them the memory of others.

Source: landlock(7), linux/landlock.h.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""Calls; they have one number on every architecture."""
_VERSION, _BENEATH = 1, 1
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""By version of Landlock, what may be done to files, in bits: all of it is taken."""
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_TCP, _TCP_SINCE = 3, 4
_SCOPE, _SCOPE_SINCE = 3, 6


def allow_only(places: Iterable[Path]) -> bool:
    """From now on files at and below these places can be read, and nothing else opened; whether the kernel does that.

    A place that is not there is passed over. OSError when the kernel could and does not. New rights must have been
    given up (PR_SET_NO_NEW_PRIVS).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    rules = _demanded(libc.syscall(_CREATE, *_ruleset(version), 0))
    try:
        for place in places:
            with suppress(FileNotFoundError):
                _allow(libc, rules, place)
        _demanded(libc.syscall(_RESTRICT, rules, 0))
    finally:
        os.close(rules)
    return True


def _ruleset(version: int) -> tuple[bytes, ctypes.c_size_t]:
    """Struct landlock_ruleset_attr, as long as that version knows it."""
    files = max(bits for since, bits in _FILES.items() if since <= version)
    network = (_TCP,) if version >= _TCP_SINCE else ()
    scope = (_SCOPE,) if version >= _SCOPE_SINCE else ()
    words = (files, *network, *scope)
    given = struct.pack(f"{len(words)}Q", *words)
    return given, ctypes.c_size_t(len(given))


def _allow(libc: ctypes.CDLL, rules: int, place: Path) -> None:
    opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        given = struct.pack("=Qi", _READ_FILE | (_READ_FOLDER if is_folder else 0), opened)
        _demanded(libc.syscall(_ADD, rules, _BENEATH, given, 0))
    finally:
        os.close(opened)


def _demanded(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
