# SPDX-License-Identifier: Apache-2.0
"""Who says that a draft may be sent: people, or a standing rule that the bank has declared.

`approve` and `approve_by_rule` make the only `Approved` there is, and the outbox takes nothing else: a function that
sends can be read without asking whether somebody agreed. The linter is asked once more, on exactly what will be sent.
What a rule covers is decided in `tocsin.domain.standing_rule`.
"""

from collections.abc import Sequence
from typing import Final, final

import msgspec

from tocsin.agent.readers.reading import FORMATS
from tocsin.agent.redaction.narration import require_answered
from tocsin.agent.redaction.redact import Draft
from tocsin.clock import Instant
from tocsin.config.agent import DeclaredRule
from tocsin.domain.audience import Audience
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.linter import require_clean
from tocsin.domain.marking import parse_tlp
from tocsin.domain.observable import Kind
from tocsin.domain.standing_rule import Outgoing, StandingRule, decide
from tocsin.errors import ConfigError, Malformed, Refused
from tocsin.ids import Entropy, new_id
from tocsin.wire.registrable import registrable

_KEY: Final = object()
_CLASSES = frozenset({"named", "now", "mixed"})
SOURCES = frozenset({"folder", "maildir", "imap"})
"""From what files are collected (`tocsin.agent.collecting`): the first words of sources' names."""


@final
class Approved:
    """A disclosure that may be sent, with who said so and when. Only this module makes one."""

    __slots__ = ("at", "by", "disclosure", "people", "unattended")

    def __init__(self, disclosure: Disclosure, by: str, at: Instant, key: object, *, people: int) -> None:
        if key is not _KEY:
            raise TypeError("Only tocsin.agent.redaction.approve makes an Approved.")
        self.disclosure: Final = disclosure
        self.by: Final = by
        self.at: Final = at
        self.people: Final = people
        """How many agreed; 0 when a standing rule did."""
        self.unattended: Final = people == 0


def approve(draft: Draft, by: str, now: Instant, *, second: str = "") -> Approved:
    """Let exactly this draft leave by the name of a person, or of two. Refused without a name, or by the linter;
    InputError while its text has a doubt that nobody has answered.
    """
    people = [name.strip() for name in (by, second) if name.strip()]
    if not by.strip():
        raise Refused("An approval carries the name of the person who gives it.")
    require_answered(draft.narration)
    clean = require_clean(draft.disclosure, registrable)
    return Approved(clean, " and ".join(f"person {name}" for name in people), now, _KEY, people=len(people))


def approve_by_rule(
    draft: Draft, outgoing: Outgoing, rules: Sequence[StandingRule], now: Instant
) -> Approved:
    """Let exactly this draft leave by the first rule that covers all of it; Refused says why there is none.

    A draft that a rule does not cover is not cut down in silence: `parted` is a step of its own.
    """
    ruling = decide(msgspec.structs.replace(outgoing, disclosure=draft.disclosure), rules)
    if ruling.waits or not ruling.rule:
        raise Refused(f"{'; '.join(ruling.reasons)}; a person may approve it.")
    clean = require_clean(draft.disclosure, registrable)
    return Approved(clean, f"rule {ruling.rule}", now, _KEY, people=0)


def outgoing(draft: Draft, read_as: str, report_class: str, audiences: tuple[str, ...]) -> Outgoing:
    """A draft as the standing rules look at it."""
    wider = frozenset(leaving.indicator.observable for leaving in draft.leaves if leaving.wider)
    return Outgoing(draft.disclosure, read_as, report_class, audiences, wider)


def parted(draft: Draft, goes: Sequence[Indicator], entropy: Entropy) -> tuple[Draft, Draft]:
    """The part of a draft with these values, and the rest as a draft of its own report; neither is empty."""
    chosen = frozenset(goes)
    first = _only(draft, chosen, draft.disclosure.report_id)
    rest = _only(draft, frozenset(draft.disclosure.indicators) - chosen, new_id("rpt", entropy))
    waiting = (
        msgspec.structs.replace(leaving.value, reason="waits for a person: no standing rule covers it")
        for leaving in rest.leaves
    )
    return msgspec.structs.replace(first, stays=(*first.stays, *waiting)), rest


def standing_rules(declared: Sequence[DeclaredRule]) -> tuple[StandingRule, ...]:
    """The rules of agent.toml; ConfigError names the rule and the word in it that means nothing."""
    names = [rule.name for rule in declared]
    for name in names:
        if not name.strip() or names.count(name) > 1:
            raise ConfigError(f"Each standing rule has a name of its own; {name!r} is none.")
    return tuple(map(_rule, declared))


def _rule(declared: DeclaredRule) -> StandingRule:
    try:
        _known(declared.collected, SOURCES, "the sources")
        return StandingRule(
            name=declared.name,
            attacks=frozenset(map(Attack, declared.attacks)),
            kinds=frozenset(map(Kind, declared.kinds)),
            formats=_known(declared.formats, FORMATS, "what files are read as"),
            up_to=parse_tlp(declared.up_to),
            classes=_known(declared.classes, _CLASSES, "the classes"),
            audiences=frozenset(str(Audience.parse(text)) for text in declared.audiences),
            whole=declared.whole,
        )
    except (Malformed, ValueError) as error:
        raise ConfigError(f"The standing rule {declared.name!r}: {error}") from None


def _known(words: Sequence[str], known: frozenset[str], what: str) -> frozenset[str]:
    """The words as a set; Malformed for one that is not known."""
    for word in words:
        if word not in known:
            raise Malformed(f"{word[:40]!r} is none of {what}: {', '.join(sorted(known))}.")
    return frozenset(words)


def _only(draft: Draft, chosen: frozenset[Indicator], report: str) -> Draft:
    indicators = tuple(one for one in draft.disclosure.indicators if one in chosen)
    return msgspec.structs.replace(
        draft,
        disclosure=msgspec.structs.replace(draft.disclosure, indicators=indicators, report_id=report),
        leaves=tuple(one for one in draft.leaves if one.indicator in chosen),
    )
