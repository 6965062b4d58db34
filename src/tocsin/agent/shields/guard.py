# SPDX-License-Identifier: Apache-2.0
"""Why a human must look before this bank blocks a value: its own house, its partners, other members, shared places,
and the warning lists that it has installed.

A poisoned report must not make a bank block its own domain, another member's, a resolver, a card network or a cloud.
A guard holds; it never silences.
"""

from functools import lru_cache

from tocsin.agent.redaction.assets import covering, network_in, overlap
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.levels import Guard
from tocsin.config import OwnAssets
from tocsin.domain.linter import network_of
from tocsin.domain.observable import AROUND, Kind, Observable, host_of

_REMEMBERED = 50_000
"""Values whose answer is kept: a guard never changes, and is asked again whenever there is news. About 15 MB."""


def guard_for(own: OwnAssets, classifier: Classifier) -> Guard:
    """The guard of one bank: each reason a sentence that names the asset or the place."""
    assets = classifier.own
    networks = [network for text in own.partners if (network := network_in(text))]

    @lru_cache(_REMEMBERED)
    def guard(observable: Observable) -> tuple[str, ...]:
        reasons = []
        if asset := assets.owns(observable) or _below(observable, assets.domains):
            reasons.append(f"your own: {asset}")
        host = host_of(observable)
        if partner := (host and covering(host, assets.partners)) or _below(observable, assets.partners):
            reasons.append(f"your partner's: {partner}")
        if theirs := network_of(observable):
            reasons += [f"your partner's: {one}" for one in networks if overlap(one, theirs)]
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
