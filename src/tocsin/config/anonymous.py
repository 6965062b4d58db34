# SPDX-License-Identifier: Apache-2.0
"""hub.toml, its part ``[anonymous]``: the anonymous path. Every number of it stands in the epoch document."""

from typing import Annotated, Literal

import msgspec

_DAY = 86_400


class TrusteeKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of ``[[anonymous.trustees]]``, as `tocsin hub trustees` writes it from a card."""

    name: str
    """Its name, as every member reads it before it sends."""
    sealing_key: str
    """Base64 of the X25519 key to which shares are sealed."""
    signing_key: str
    """Base64 of the Ed25519 key with which it signs for what it opened."""


class AnonymousPath(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The anonymous path of a hub that has a partner and a relay."""

    operator: str
    """Legal name of whoever runs this hub: neither the relay's operator nor the partner's."""
    relay_url: str
    """Where the hub reaches the relay."""
    relay_key: str
    """The relay's public key, as `tocsin relay init` prints it."""
    slot_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    """Length of a slot: every agent that is online sends one envelope in it."""
    slots: Annotated[int, msgspec.Meta(ge=2, le=1_000_000)] = 2_016
    """Slots of an epoch; 2,016 of five minutes are a week."""
    issue_seconds: Annotated[int, msgspec.Meta(ge=1, le=30 * _DAY)] = 2 * _DAY
    """For how long members can ask for the tokens of the next epoch."""
    rest_seconds: Annotated[int, msgspec.Meta(ge=1, le=30 * _DAY)] = _DAY
    """How long tokens rest between that and the epoch, a day at least: who asks and sends at once is known by it."""
    quota: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """Anonymous reports of one member in an epoch."""
    envelope_bytes: Annotated[int, msgspec.Meta(ge=4_096, le=65_536)] = 16_384
    """Of every envelope, before it is sealed."""
    results: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    """Results in every slot's record; what is more comes in a later one."""
    floor: Annotated[int, msgspec.Meta(ge=1, le=8_192)] = 20
    """With fewer members in a slot agents refuse class ``mixed``, or call it pseudonymous."""
    rehearsal: bool = False
    """Epochs to try the path out in, whose tokens may rest for less than a day: every document says so."""
    token_class: Literal["open", "accountable"] = "open"  # noqa: S105 a class and no secret
    """``accountable``: `needed` of the trustees together can name who sends a report, from the next epoch on."""
    needed: Annotated[int, msgspec.Meta(ge=0, le=15)] = 0
    """How many trustees it takes, two or more; 0 of class ``open``."""
    trustees: tuple[TrusteeKeys, ...] = ()
    """Who they are, written by `tocsin hub trustees`; none of class ``open``."""

    def __post_init__(self) -> None:
        if self.rest_seconds < _DAY and not self.rehearsal:
            raise ValueError("rest_seconds: a day (86400) at least, unless `rehearsal = true`")
        if self.quota > self.slots:
            raise ValueError("quota: a member has at most one report in a slot, so no more than `slots`")
        accountable = self.token_class == "accountable"  # noqa: S105 a class and no secret
        if accountable and not 2 <= self.needed <= len(self.trustees):
            raise ValueError("needed: two or more of the trustees, and no more than there are")
        if self.issue_seconds + self.rest_seconds > self.slots * self.slot_seconds:
            raise ValueError(
                "issue_seconds and rest_seconds: together no longer than an epoch, or one is late for ever"
            )
