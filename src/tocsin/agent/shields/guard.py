# SPDX-License-Identifier: Apache-2.0
"""Why a human must look before this bank blocks a value: its own house, its partners, other members, shared places,
whole public suffixes, what its own names lead to, what its people have said, and its warning lists.

A poisoned report must not make a bank block its own domain, another member's, a resolver, a card network or a cloud.
A guard holds; it never silences. A look-alike of a protected name, in whatever letters, is no form of it but the attack
itself, and is not guarded; another spelling of the name (capitals, a full stop behind, full-width letters, ``xn--``)
was made one with it before, by `tocsin.domain.observable`.
"""

from functools import lru_cache

from tocsin.agent.redaction.assets import covering, network_in, overlap
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.chains import Chains
from tocsin.agent.shields.levels import Guard
from tocsin.config.agent import OwnAssets
from tocsin.domain.linter import network_of
from tocsin.domain.observable import AROUND, Kind, Observable, host_of
from tocsin.wire.registrable import registrable

_REMEMBERED = 50_000
"""Values whose answer is kept: a guard never changes, and is asked again whenever there is news. About 15 MB."""


def guard_for(own: OwnAssets, classifier: Classifier, chains: Chains | None = None) -> Guard:
    """The guard of one bank: each reason a sentence that names the asset or the place.

    `chains` is what passive DNS records tell of where the bank's and its partners' names lead.
    """
    assets = classifier.own
    networks = [network for text in own.partners if (network := network_in(text))]

    @lru_cache(_REMEMBERED)
    def guard(observable: Observable) -> tuple[str, ...]:
        """Every reason to keep this value out of a product; none when it may be blocked."""
        reasons = []
        if asset := assets.owns(observable) or _below(observable, assets.domains):
            reasons.append(f"your own: {asset}")
        host = host_of(observable)
        if partner := (host and covering(host, assets.partners)) or _below(observable, assets.partners):
            reasons.append(f"your partner's: {partner}")
        theirs = network_of(observable)
        if theirs:
            reasons += [f"your partner's: {one}" for one in networks if overlap(one, theirs)]
        if not reasons and (said := classifier.corrections.keeps_home(observable)):
            reasons.append(said.reason)
        if chains and (led := chains.leads_to(observable)):
            reasons.append(led)
        if host and not theirs and registrable(host) is None:
            reasons.append("a whole public suffix, or no name of the public DNS")
        if not reasons and (member := classifier.genuine(observable)):
            reasons.append(member)
        if around := AROUND.get(observable.kind):
            reasons.append(around)
        place = classifier.place(observable)
        if place and not place.may_hold(observable):
            reasons.append(f"{place.name}: {place.why}")
        reasons += [f"on the warning list {name!r}" for name in classifier.warninglists.hits(observable)]
        return tuple(reasons)

    return guard


def _below(observable: Observable, domains: frozenset[str]) -> str | None:
    """The one of these domains that would fall with a blocked one, because it lies below it."""
    if observable.kind is not Kind.DOMAIN:
        return None
    return next((one for one in sorted(domains) if covering(one, frozenset({observable.value}))), None)
