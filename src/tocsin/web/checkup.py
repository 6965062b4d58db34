# SPDX-License-Identifier: Apache-2.0
"""What a doctor looks at, in every process: named checks, each OK, a NOTE or a PROBLEM with what to do about it.

A check returns a sentence when all is well, a `Note` when somebody should know, and raises one of our errors when
something is wrong. One that breaks never costs the next: it is a problem itself. Not here: what hub, agent and
partner each look at (their `doctor.py`).
"""

import platform
import shutil
import ssl
import stat
from collections.abc import Callable, Iterable
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path

import httpx
import msgspec
from cryptography import x509

from tocsin import __version__
from tocsin.clock import DAY, SECOND, Clock, Instant
from tocsin.config.listen import Listen
from tocsin.errors import ClockSkew, ConfigError, StorageError, TocsinError, Unreachable
from tocsin.web.serving import check_listen

NARROW_BYTES = 2 * 2**30
FULL_BYTES = 200 * 2**20
SKEW_SECONDS = 60
"""From here on a clock is worth a note; at `WRONG_SECONDS` the hub refuses what is signed by it."""
WRONG_SECONDS = 300
EXPIRY_DAYS = 21


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


class Note(msgspec.Struct, frozen=True):
    """Nothing is broken, and somebody should know."""

    says: str
    next_step: str


Check = Callable[[], str | Note]


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    check: str
    grade: Grade
    says: str
    next_step: str = ""


class Checkup(msgspec.Struct, frozen=True):
    """Every check, in order."""

    findings: tuple[Finding, ...]

    def count(self, grade: Grade) -> int:
        """How many ended so."""
        return sum(one.grade is grade for one in self.findings)


def examine(checks: Iterable[tuple[str, Check]]) -> Checkup:
    """Carry out every check, whatever becomes of the others."""
    return Checkup(tuple(_carry_out(name, check) for name, check in checks))


def _carry_out(name: str, check: Check) -> Finding:
    try:
        said = check()
    except TocsinError as error:
        return Finding(name, Grade.PROBLEM, str(error), error.next_step)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        step = "Check that it is there, and who may read and write it."
        return Finding(name, Grade.PROBLEM, f"{where}{error.strerror or error}.", step)
    if isinstance(said, Note):
        return Finding(name, Grade.NOTE, said.says, said.next_step)
    return Finding(name, Grade.OK, said)


def private(folder: Path, *files: str) -> str:
    """Nobody but the owner writes into the folder, or reads these files in it; ConfigError otherwise."""
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise ConfigError(f"Others may write into {folder}.", next_step=f"chmod go-w {folder}")
    for path in (folder / name for name in files):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path} can be read by others.", next_step=f"chmod 600 {path}")
    return "for its owner only"


def room(folder: Path) -> str | Note:
    """How much the disk still takes; StorageError when it is as good as full."""
    disk = shutil.disk_usage(folder)
    says = f"{disk.free / 2**30:,.1f} GiB of {disk.total / 2**30:,.1f} GiB free"
    if disk.free < FULL_BYTES:
        raise StorageError(f"{says}.", next_step="Make room now: without it nothing is taken any more.")
    return (
        Note(f"{says}.", "Make room, or move the folder to a larger disk.")
        if disk.free < NARROW_BYTES
        else says
    )


def versions() -> str:
    """What this process is made of."""
    return f"tocsin {__version__}, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"


def door(listen: Listen, clock: Clock) -> str | Note:
    """Where it listens, and for how long its certificate is good; ConfigError when it would not start."""
    check_listen(listen)
    place = f"{listen.host}:{listen.port}"
    if not listen.tls_certificate:
        return (
            f"{place}, {'TLS by a proxy on this machine' if listen.behind_tls_proxy else 'this machine only'}"
        )
    private(Path(listen.tls_key).parent, Path(listen.tls_key).name)
    try:
        leaf = x509.load_pem_x509_certificates(Path(listen.tls_certificate).read_bytes())[0]
    except ValueError:
        raise ConfigError(f"{listen.tls_certificate} holds no certificate.") from None
    end = Instant(int(leaf.not_valid_after_utc.timestamp()) * SECOND)
    days = (end - clock.now()) // DAY
    says = f"{place}, certificate good for {days} days"
    if days < 0:
        raise ConfigError(
            f"The certificate {listen.tls_certificate} has expired.", next_step="Renew it, and restart."
        )
    return Note(f"{says}.", "Renew it, and restart.") if days < EXPIRY_DAYS else says


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 entry``, ``2 entries``: a number with its word."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


async def answers(http: httpx.AsyncClient, url: str, clock: Clock) -> str | Note:
    """Whether a server of ours answers there, and how far its clock is from ours; Unreachable or ClockSkew."""
    try:
        answer = await http.get(f"{url.rstrip('/')}/v1/health")
    except httpx.RequestError as error:
        raise Unreachable(f"{url}: {_why(error)}.", next_step=_way_step(error)) from None
    if answer.status_code != 200:
        raise Unreachable(f"{url} answered with status {answer.status_code}.")
    try:
        theirs = Instant(int(parsedate_to_datetime(answer.headers.get("date", "")).timestamp()) * SECOND)
    except (ValueError, TypeError):
        return f"{url} answers"
    apart = abs(clock.now() - theirs) // SECOND
    says = f"{url} answers; clocks {apart} s apart"
    if apart >= WRONG_SECONDS:
        raise ClockSkew(f"{url} is {apart} s away.", next_step="Let both machines set their clocks by NTP.")
    return Note(f"{says}.", "Let both machines set their clocks by NTP.") if apart >= SKEW_SECONDS else says


def _why(error: httpx.RequestError) -> str:
    return (
        "no answer in time"
        if isinstance(error, httpx.TimeoutException)
        else str(error) or type(error).__name__
    )


def _way_step(error: httpx.RequestError) -> str:
    """What most often helps against a way that is not open."""
    if isinstance(error, httpx.ProxyError):
        return "Look at `proxy` in the settings: its address, its name and password."
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "Name your own authority's certificate in `authority_file`, and check the host in the address."
    return "Check the address, the network, the firewall and the proxy."
