# SPDX-License-Identifier: Apache-2.0
"""What people have said of whose a value is: rules of this bank's own, each with a name, a day and a reason.

A correction that keeps a value home is wide: it covers the value, everything at that host or in that network, and
whatever would take it along. One that gives a value to the attacker is exact, and speaks only where no other rule
does: it lifts what is unclear, as `--also` does once, and never what is the bank's own, a recipient's, another
member's or everybody's.
"""

from collections.abc import Iterable

import msgspec

from tocsin.agent.redaction.assets import covering, overlap
from tocsin.agent.redaction.owner import Owner, Verdict
from tocsin.clock import Instant, day_of
from tocsin.domain.linter import network_of
from tocsin.domain.observable import Kind, Observable, host_of

OWNERS = (Owner.OURS, Owner.CUSTOMER, Owner.BYSTANDER, Owner.ATTACKER)
"""Whose a person may say that a value is."""


class Correction(msgspec.Struct, frozen=True):
    """One person's word."""

    id: str
    """``cor_…``"""
    observable: Observable
    owner: Owner
    """One of `OWNERS`."""
    by: str
    at: Instant
    why: str

    def verdict(self) -> Verdict:
        """The same as the classifier gives it; the reason stays inside the bank."""
        return Verdict(self.owner, f"{self.by} said so on {day_of(self.at)}: {self.why}")


class Corrections:
    """Every correction of one bank, looked up by value."""

    def __init__(self, every: Iterable[Correction] = ()) -> None:
        held = tuple(every)
        keeping = [one for one in held if one.owner is not Owner.ATTACKER]
        self._accused = {one.observable: one for one in held if one.owner is Owner.ATTACKER}
        self._exact = {one.observable: one for one in keeping}
        self._hosts = {one.observable.value: one for one in keeping if one.observable.kind is Kind.DOMAIN}
        self._names = frozenset(self._hosts)
        named = [(host_of(one.observable), one) for one in keeping]
        self._above = {above: one for host, one in named if host for above in _parents(host)}
        self._networks = [(net, one) for one in keeping if (net := network_of(one.observable))]

    def keeps_home(self, observable: Observable) -> Verdict | None:
        """Why a value does not leave; None when nobody said anything of it."""
        if not self._exact:
            return None
        found = self._exact.get(observable)
        host, network = host_of(observable), network_of(observable)
        if found is None and network:
            whole = (one for net, one in self._networks if overlap(net, network) and _is_place(one))
            found = next(whole, None)
        elif found is None and host:
            found = self._hosts.get(covering(host, self._names) or "")
            if found is None and observable.kind is Kind.DOMAIN:
                found = self._above.get(host)
        return found.verdict() if found else None

    def accuses(self, observable: Observable) -> Verdict | None:
        """Who said that exactly this value is the attacker's; None when nobody did."""
        found = self._accused.get(observable)
        return found.verdict() if found else None


def _is_place(one: Correction) -> bool:
    """Whether it speaks of addresses, and not of a single page on one."""
    return one.observable.kind in (Kind.IPV4, Kind.IPV6, Kind.CIDR)


def _parents(host: str) -> Iterable[str]:
    name = host
    while name := name.partition(".")[2]:
        yield name
