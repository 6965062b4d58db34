# SPDX-License-Identifier: Apache-2.0
"""Who says that a draft may be sent: a person, or a rule that the bank has switched on by name.

`approve` makes the only `Approved` there is, and the outbox takes nothing else: a function that sends can be read
without asking whether somebody agreed. The linter is asked once more, on exactly what will be sent.
"""

from typing import Final, final

import msgspec

from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.redact import Draft
from tocsin.clock import Instant
from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.linter import require_clean
from tocsin.domain.marking import TLP
from tocsin.domain.observable import AROUND, OF_INSTITUTIONS, Kind
from tocsin.errors import ConfigError, NothingToShare, Refused
from tocsin.wire.registrable import registrable

_KEY: Final = object()


class StandingRule(msgspec.Struct, frozen=True):
    """A decision taken once, in advance: what may leave without anybody looking at the single case."""

    name: str
    sentence: str
    """What a person agrees to by switching it on."""
    attacks: frozenset[Attack]
    kinds: frozenset[Kind]
    labels: frozenset[TLP]

    def objection(self, draft: Draft) -> str | None:
        """Why the rule does not cover a draft; None when it does."""
        disclosure = draft.disclosure
        if disclosure.attack not in self.attacks:
            return f"{self.name} does not cover {disclosure.attack}"
        if disclosure.marking.tlp not in self.labels:
            return f"{self.name} does not cover {disclosure.marking.tlp}"
        other = sorted({str(i.observable.kind) for i in disclosure.indicators} - self.kinds)
        if other:
            return f"{self.name} does not cover {', '.join(other)}"
        wider = any(leaving.wider for leaving in draft.leaves)
        return f"{self.name} does not cover what is wider than the file" if wider else None

    def narrow(self, draft: Draft) -> Draft:
        """The draft without the values that the rule leaves to a person; NothingToShare when none is left."""
        covered = tuple(leaving for leaving in draft.leaves if self._covers(leaving))
        waiting = tuple(
            msgspec.structs.replace(leaving.value, reason=f"waits for a person: not covered by {self.name}")
            for leaving in draft.leaves
            if not self._covers(leaving)
        )
        named = {leaving.indicator for leaving in covered}
        kept = tuple(indicator for indicator in draft.disclosure.indicators if indicator in named)
        if not kept:
            raise NothingToShare(f"No value is of a kind that {self.name} covers; a person may approve them.")
        disclosure = msgspec.structs.replace(draft.disclosure, indicators=kept)
        return Draft(disclosure, covered, draft.stays + waiting)

    def _covers(self, leaving: Leaving) -> bool:
        return leaving.indicator.observable.kind in self.kinds and not leaving.wider


STANDING_RULES = {
    rule.name: rule
    for rule in (
        StandingRule(
            name="phish-machines",
            sentence="Links, hosts, addresses of machines and digests of files from a phish leave at once, at up to "
            "TLP:AMBER; mail addresses, accounts, autonomous systems, names of files, and a domain that is wider "
            "than the mail wait for a person.",
            attacks=frozenset({Attack.PHISHING}),
            kinds=frozenset(Kind)
            - {Kind.EMAIL, Kind.CIDR, Kind.IBAN, Kind.WALLET}
            - AROUND.keys()
            - OF_INSTITUTIONS,
            labels=frozenset({TLP.CLEAR, TLP.GREEN, TLP.AMBER}),
        ),
    )
}
"""Every rule there is, by name; none is on until the agent's configuration names it."""


@final
class Approved:
    """A disclosure that may be sent, with who said so and when. Only `approve` makes one."""

    __slots__ = ("at", "by", "disclosure", "unattended")

    def __init__(
        self, disclosure: Disclosure, by: str, at: Instant, key: object, *, unattended: bool = False
    ) -> None:
        if key is not _KEY:
            raise TypeError("Only tocsin.agent.redaction.approve.approve makes an Approved.")
        self.disclosure: Final = disclosure
        self.by: Final = by
        self.at: Final = at
        self.unattended: Final = unattended


def standing_rule(name: str) -> StandingRule:
    """The rule of that name; ConfigError lists those there are."""
    if name not in STANDING_RULES:
        raise ConfigError(f"There is no standing rule {name!r}; there are: {', '.join(STANDING_RULES)}.")
    return STANDING_RULES[name]


def approve(draft: Draft, by: str | StandingRule, now: Instant) -> Approved:
    """Let exactly this draft leave, by a person's name or a standing rule. Refused when either may not.

    A draft that a rule does not cover is not cut down in silence: `StandingRule.narrow` is a step of its own.
    """
    if isinstance(by, StandingRule):
        if objection := by.objection(draft):
            raise Refused(f"{objection}; a person may approve it.")
        name = f"rule {by.name}"
    elif not by.strip():
        raise Refused("An approval carries the name of the person who gives it.")
    else:
        name = f"person {by.strip()}"
    clean = require_clean(draft.disclosure, registrable)
    return Approved(clean, name, now, _KEY, unattended=isinstance(by, StandingRule))
