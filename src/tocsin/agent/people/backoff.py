# SPDX-License-Identifier: Apache-2.0
"""How long somebody waits who did not get in: per account, and per address from which it was tried.

The first few failures cost nothing; then each costs twice the wait of the one before, up to a bound, and a quiet while
forgets them. What is tried during a wait is looked at by nobody, so it neither counts nor makes the wait longer: an
attacker keeps a person out for a quarter of an hour at most after his last counted try.

A name that is nobody's has failures too, in one of `NOBODY` places that such names share: their number is bounded, and
no flood of names pushes out what an account has. Nothing here says whether an account exists.
"""

from ipaddress import IPv6Address, ip_address

import msgspec

from tocsin.clock import DAY, HOUR, MINUTE, SECOND, Instant
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

NOBODY = 1_024
MOST_ADDRESSES = 10_000
_V6_PREFIX = 64
"""Bits of what one subscriber is given: below it addresses cost nothing."""


class Rule(msgspec.Struct, frozen=True):
    """How patient one kind of counter is; times in microseconds."""

    kind: str
    free: int
    """Failures that cost nothing."""
    first: int
    """The wait after one more."""
    longest: int
    forgotten: int
    """After so long without a failure it begins anew."""


ACCOUNT = Rule("account", 5, 30 * SECOND, 15 * MINUTE, DAY)
ADDRESS = Rule("address", 30, 10 * SECOND, 15 * MINUTE, HOUR)
"""Behind one address there may be a whole office."""


class Failures(msgspec.Struct, frozen=True):
    """What failed in a row, and when it did last."""

    failures: int
    at: Instant


NONE = Failures(0, Instant(0))


def wait(rule: Rule, failures: int) -> int:
    """Microseconds from the last of so many failures to the next try that is looked at."""
    if failures < rule.free:
        return 0
    return min(rule.longest, rule.first << min(failures - rule.free, 32))


def is_open(rule: Rule, before: Failures, now: Instant) -> bool:
    """Whether a try would be looked at; a clock that was set back keeps nobody out."""
    return not before.at <= now < before.at + wait(rule, before.failures)


def counted(rule: Rule, before: Failures, now: Instant) -> Failures:
    """With one more; what is long past begins anew."""
    stale = not before.at <= now < before.at + rule.forgotten
    return Failures(1 if stale else before.failures + 1, now)


def of(tx: Transaction, rule: Rule, key: bytes) -> Failures:
    """What failed so far under a key."""
    return tx.one("failures", {"kind": rule.kind, "key": key}, into=Failures) or NONE


def keep(tx: Transaction, rule: Rule, key: bytes, failures: Failures) -> None:
    """What failed so far, for the next one who tries."""
    tx.run(
        "keep_failures",
        {"kind": rule.kind, "key": key, "failures": failures.failures, "at": failures.at},
    )


def forget(tx: Transaction, rule: Rule, key: bytes) -> None:
    """Somebody got in."""
    tx.run("forget_failures", {"kind": rule.kind, "key": key})


def tidy(tx: Transaction, now: Instant) -> None:
    """Drop what is forgotten, and the oldest addresses beyond their number."""
    for rule in (ACCOUNT, ADDRESS):
        tx.run("drop_failures", {"kind": rule.kind, "before": now - rule.forgotten})
    tx.run("drop_oldest_failures", {"kind": ADDRESS.kind, "most": MOST_ADDRESSES})


def account_key(box: Box, person: str | None, name: str) -> bytes:
    """Where the failures of an account are counted; of a name that is nobody's, in a place that it shares."""
    digest = box.digest((person or name).encode(errors="surrogatepass"), "failures/account")
    return digest if person else (int.from_bytes(digest[:4]) % NOBODY).to_bytes(2)


def address_key(box: Box, address: str) -> bytes:
    """Where the failures from an address are counted; of IPv6 from its network."""
    try:
        read = ip_address(address)
    except ValueError:
        return box.digest(b"", "failures/address")
    bits = int(read) >> (128 - _V6_PREFIX) if isinstance(read, IPv6Address) else int(read)
    return box.digest(f"{read.version}/{bits}".encode(), "failures/address")
