# SPDX-License-Identifier: Apache-2.0
"""Why a human must look before this bank blocks a value: its own house, its partners, other members, shared places.

A poisoned report must not make a bank block its own domain, another member's, a resolver, a card network or a cloud.
A guard holds; it never silences.
"""

from tocsin.agent.redaction.assets import covering
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.levels import Guard
from tocsin.config import OwnAssets
from tocsin.domain.linter import network_of
from tocsin.domain.observable import Kind, Observable, host_of, normalise


def guard_for(own: OwnAssets, classifier: Classifier) -> Guard:
    """The guard of one bank: each reason a sentence that names the asset or the place."""
    assets = classifier.own
    networks = [
        normalise(Kind.CIDR, text) for text in own.partners if "/" in text or text.replace(".", "").isdigit()
    ]

    def guard(observable: Observable) -> tuple[str, ...]:
        reasons = []
        if asset := assets.owns(observable) or _below(observable, assets.domains):
            reasons.append(f"your own: {asset}")
        host = host_of(observable)
        if partner := (host and covering(host, assets.partners)) or _below(observable, assets.partners):
            reasons.append(f"your partner's: {partner}")
        reasons += [f"your partner's: {one.value}" for one in networks if _overlap(one, observable)]
        if not reasons and (member := classifier.genuine(observable)):
            reasons.append(member)
        place = classifier.place(observable)
        if place and not place.may_hold(observable):
            reasons.append(f"{place.name}: {place.why}")
        return tuple(reasons)

    return guard


def _below(observable: Observable, domains: frozenset[str]) -> str | None:
    """The one of these domains that would fall with a blocked one, because it lies below it."""
    if observable.kind is not Kind.DOMAIN:
        return None
    return next((one for one in sorted(domains) if covering(one, frozenset({observable.value}))), None)


def _overlap(network: Observable, observable: Observable) -> bool:
    theirs, ours = network_of(network), network_of(observable)
    if theirs is None or ours is None or theirs.version != ours.version:
        return False
    return theirs.overlaps(ours)
