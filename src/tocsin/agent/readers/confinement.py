# SPDX-License-Identifier: Apache-2.0
"""Gives up, for good, everything that reading a file does not need: called by the reader child before its first file.

1. root, if it has it: it becomes ``nobody``, and fails if it cannot;
2. the network, where the kernel grants a namespace without it;
3. ever getting rights again by starting a program, and outliving its parent;
4. descriptors, file sizes, processes, core dumps: none; address space: `MAX_MEMORY`;
5. every system call but those in `_CALLS` (seccomp, mode 2): it can read, write and close what is open, manage its own
   memory, ask the time and end. Any other is refused with EPERM, on another architecture too.

The first four hold on every Linux, the last where the kernel and the architecture know it. `is_filtered` looks from
outside, so that the parent need not believe the child. Processor time for each file is bounded twice: by the child's
own timer, and by `bound_cpu` from outside, which the child cannot lift where it is filtered.

Sources: seccomp(2), prctl(2), linux/seccomp.h, linux/bpf_common.h; numbers of calls from asm/unistd_64.h (x86_64) and
asm-generic/unistd.h (aarch64).
"""

import ctypes
import errno
import os
import resource
import signal
import struct
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

MAX_MEMORY = 768 * 2**20
"""Bytes of address space: about 60 MB of program, and twenty times the largest file, which is what a tree costs."""
ROOT_STAYED = 77
"""Exit code of the child: it was root and could not stop being it, and so reads nothing."""
OUTER_CPU_SECONDS = 3
"""Of processor time for one file whatever the child does; whole seconds, of which the first may have begun."""
NOBODY = 65_534

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_MODE_FILTER = 2
_CAP_SYS_RESOURCE = 24
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
"""Instructions of the filter: load a word, compare and jump, return."""
_AT_CALL, _AT_ARCHITECTURE = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM

_CALLS = {
    # name: its number on x86_64, on aarch64
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "setitimer": (38, 103),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""AUDIT_ARCH of each architecture, and its column above."""


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def confine() -> None:
    """Do all five; OSError when it is root and cannot stop being it."""
    for number in (signal.SIGPROF, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    libc = ctypes.CDLL(None)
    apart = libc.unshare(_CLONE_NEWNET) == 0
    if (
        os.geteuid() == 0 or os.getuid() == 0
    ):  # before a user namespace, in which root would only look like nobody
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if not apart:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for kind, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (bound, bound))
    if program := _filter(os.uname().machine):
        given = _Program(len(program) // 8, program)
        libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(given), 0, 0)


def is_filtered(pid: int) -> bool:
    """Whether the kernel filters the calls of a child more than its parent's, as a container's are anyway."""
    return _filters(pid) > _filters(os.getpid())


def _filters(pid: int) -> int:
    """How many filters a process is under, by the kernel's word; before Linux 5.9 only whether it is under any."""
    try:
        said = dict(
            line.partition(":\t")[::2] for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
    except OSError:
        return 0
    return int(said.get("Seccomp_filters", said.get("Seccomp", 0)))


def bound_cpu(pid: int) -> None:
    """From now on the process has at most `OUTER_CPU_SECONDS` of processor time, until it is called again.

    A root without CAP_SYS_RESOURCE (a usual container's) may not bound the nobody that it started: the parent's wall
    clock is what bounds it there. It must not begin to, either: a bound from before the child became nobody would stay.
    """
    if os.geteuid() == 0 and not _is_capable(_CAP_SYS_RESOURCE):
        return
    used = time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)
    soft = int(used) + OUTER_CPU_SECONDS
    with suppress(PermissionError):
        resource.prlimit(pid, resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


@cache
def _is_capable(capability: int) -> bool:
    """Whether this process has a capability, by the kernel's word."""
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(held, 16) >> capability & 1)


def _filter(machine: str) -> bytes:
    """Struct sock_filter, one after the other; empty for an architecture that is not known here."""
    if machine not in _MACHINES:
        return b""
    architecture, column = _MACHINES[machine]
    numbers = [call[column] for call in _CALLS.values()]
    return b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, _AT_ARCHITECTURE),
            (_EQUALS, 0, len(numbers) + 1, architecture),
            (_LOAD, 0, 0, _AT_CALL),
            *((_EQUALS, len(numbers) - at, 0, number) for at, number in enumerate(numbers)),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
