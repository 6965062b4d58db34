# SPDX-License-Identifier: Apache-2.0
"""Whose a value is, and the words in which a person is told so. Who decides it: `tocsin.agent.redaction.classify`."""

from enum import StrEnum

import msgspec

from tocsin.domain.observable import Observable


class Owner(StrEnum):
    """Whose a value is."""

    ATTACKER = "attacker"
    OURS = "ours"
    CUSTOMER = "customer"
    BYSTANDER = "bystander"
    IMPERSONATED = "impersonated"
    UNCLEAR = "unclear"


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """An owner and why."""

    owner: Owner
    reason: str


class Value(msgspec.Struct, frozen=True, gc=False):
    """One value with its owner and the reason, as a person is shown it. It stays inside."""

    observable: Observable
    part: str
    where: str
    owner: Owner
    reason: str
