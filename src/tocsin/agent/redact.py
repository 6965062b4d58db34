# SPDX-License-Identifier: Apache-2.0
"""The one door out of the bank: builds exactly what would leave, and says of everything else why it stays.

1. A marking that forbids passing on refuses the whole reading.
2. Only values that `tocsin.agent.classify` gives to the attacker go on.
3. Each is looked at for traces of the victim (`tocsin.agent.traces`) and shortened until it holds none:

   =============  ============================================================================================
   URL            query dropped, path cut before the offending segment; down to the bare host, its host instead
   host           names below the registered domain dropped
   mail address   its domain instead, when the part before the @ is told (VERP) and the domain is the attacker's
   =============  ============================================================================================

   The registered domain itself is never touched: a look-alike of the bank's name is the attack, and warns others.
   What cannot be shortened, because the place is a bystander's, stays.
4. `tocsin.domain.linter` has the last word on each.

A disclosure has no field for text: subject, body, names of files and places in the case cannot leave.
Whether a draft is sent is decided in `tocsin.agent.approve`.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from tocsin.agent.classify import Classifier, authenticated
from tocsin.agent.owner import Owner, Value
from tocsin.agent.readers.reading import Defect, Reading
from tocsin.agent.traces import Traces, numbered, opaque
from tocsin.clock import Instant, day_of
from tocsin.domain.catalogue import catalogue_of
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.linter import MAX_EXTERNAL_IDS, MAX_INDICATORS, lint_observable
from tocsin.domain.marking import TLP, Marking, parse_tlp, stricter
from tocsin.domain.observable import Kind, Observable, defang, host_of, normalise
from tocsin.errors import Malformed, NothingToShare, Refused
from tocsin.ids import Entropy, new_id
from tocsin.wire.registrable import registrable

NOT_TO_PASS_ON = frozenset({TLP.RED, TLP.AMBER_STRICT})
"""Labels under which somebody else's information may not leave the organisation that received it (TLP 2.0)."""


MAX_REASONS = 8
"""Reasons that are given when nothing leaves."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""A value in the reason of a defect."""


class Leaving(msgspec.Struct, frozen=True):
    """One value of the case and the indicator that is sent for it."""

    value: Value
    indicator: Indicator
    cut: str
    """What was taken off and why; empty when it leaves whole."""


class Draft(msgspec.Struct, frozen=True):
    """What would leave, beside what stays. Only the disclosure is ever sent."""

    disclosure: Disclosure
    leaves: tuple[Leaving, ...]
    stays: tuple[Value, ...]
    unread: tuple[Defect, ...] = ()
    """What of the file could not be used, and where."""


class _Stay(Exception):
    """This value cannot leave; the argument says why. Never leaves this module."""


def redact(
    reading: Reading,
    classifier: Classifier,
    *,
    attack: Attack,
    now: Instant,
    entropy: Entropy,
    marking: Marking = Marking(),  # noqa: B008 a frozen value
) -> Draft:
    """The draft for one reading. Refused by its marking; NothingToShare when no value remains.

    `marking` is the sender's own choice and may only narrow what the reading already carries.
    """
    carried = stricter(marking, Marking(tlp=_passable(reading)))
    door = _Door(classifier, reading)
    leaves: list[Leaving] = []
    stays: list[Value] = []
    for value in classifier.classify(reading):
        try:
            leaves.append(door.pass_out(value))
        except _Stay as reason:
            stays.append(msgspec.structs.replace(value, reason=str(reason)))
    indicators = sorted({leaving.indicator for leaving in leaves}, key=lambda i: (i.observable, i.part))
    catalogued = tuple(sorted(filter(catalogue_of, set(reading.external_ids)))[:MAX_EXTERNAL_IDS])
    # A bundle may be about techniques alone; a mail that only mentions one says nothing of the attack.
    if not indicators and (reading.format == "mail" or not catalogued):
        raise NothingToShare(_why_nothing(stays, reading.defects))
    disclosure = Disclosure(
        report_id=new_id("rpt", entropy),
        attack=attack,
        happened=day_of(now if reading.happened is None else min(reading.happened, now)),
        indicators=tuple(indicators),
        external_ids=catalogued,
        marking=carried,
    )
    return Draft(disclosure, tuple(leaves), tuple(stays), reading.defects)


def lines(draft: Draft) -> Iterator[str]:
    """The draft for a person at a terminal: what leaves, then what stays, each with its reason; defanged."""
    disclosure = draft.disclosure
    yield f"would leave: {disclosure.attack} of {disclosure.happened}, {disclosure.marking}"
    for leaving in draft.leaves:
        shown = defang(leaving.indicator.observable.value)
        yield f"  + {leaving.indicator.part:<12} {shown}" + (f"   ({leaving.cut})" if leaving.cut else "")
    for text in disclosure.external_ids:
        yield f"  + {'catalogue':<12} {text}"
    yield "stays:"
    for value in draft.stays:
        yield f"  - {value.owner:<12} {defang(value.observable.value)}   ({value.where}: {value.reason})"
    if draft.unread:
        yield "could not be used:"
    for defect in draft.unread:
        yield f"  ! {defect.where}: {_QUOTED.sub(lambda quoted: defang(quoted[0]), defect.reason)}"


class _Door:
    """Shortens one value after another until nothing in it tells of the victim."""

    def __init__(self, classifier: Classifier, reading: Reading) -> None:
        own = classifier.own
        self._authenticated = authenticated(reading)
        self._classifier = classifier
        self._traces = Traces.of(own, reading)
        self._readers = Traces.of(msgspec.structs.replace(own, names=frozenset()), reading)
        self._passed = 0

    def pass_out(self, value: Value) -> Leaving:
        """The indicator to send for a value; _Stay when there is none."""
        if value.owner is not Owner.ATTACKER:
            raise _Stay(value.reason)
        if self._passed >= MAX_INDICATORS:
            raise _Stay(f"more than {MAX_INDICATORS:,} values: report the rest separately")
        observable, cut = self._shortened(value.observable)
        if value.part == "sender" and observable.kind is Kind.DOMAIN and not self._authenticated:
            raise _Stay(f"no authentication passed: {observable.value} may be forged")
        for finding in lint_observable(observable, registrable, ""):
            raise _Stay(finding.sentence)
        part = "landing-host" if value.part == "link" and observable.kind is not Kind.URL else value.part
        self._passed += 1
        return Leaving(value, Indicator(observable, part), cut)

    def _shortened(self, observable: Observable) -> tuple[Observable, str]:
        if observable.kind is Kind.URL:
            return self._url(observable)
        if observable.kind is Kind.EMAIL:
            return self._address(observable)
        if observable.kind is Kind.DOMAIN:
            host, why = self._host(observable.value)
            return _host_value(host), why
        return observable, ""

    def _host(self, host: str) -> tuple[str, str]:
        """The host, or the registered domain when a name below it tells."""
        own = registrable(host)
        below = host[: -len(own)] if own else ""
        why = self._told(below) if below else None
        if not why or own is None:
            return host, ""
        if place := self._classifier.place(_host_value(own)):
            raise _Stay(f"its host holds {why}, and {place.name} is {place.why}")
        return own, f"the names below {own} held {why}"

    def _url(self, observable: Observable) -> tuple[Observable, str]:
        parts = urlsplit(observable.value)
        place = self._classifier.place(observable)
        path, why = self._path(parts.path, marks=place is None)
        query = ""
        if not why and parts.query:
            together = f"{parts.path}?{parts.query}"
            why = numbered(parts.query) or self._told(parts.query) or self._told(together, marks=False)
            query = "" if why else f"?{parts.query}"
        host, host_why = self._host(host_of(observable) or "")
        reason = "; ".join(filter(None, (why and f"what was cut held {why}", host_why)))
        if not reason:
            return observable, ""
        if place and not _names_a_page(path, parts.path):
            raise _Stay(f"it holds {why}, and {place.name} is {place.why}")
        if path == "/" and not query:
            return _host_value(host), reason
        netloc = parts.netloc.replace(host_of(observable) or "", host)
        return normalise(Kind.URL, f"{parts.scheme}://{netloc}{path}{query}"), reason

    def _path(self, path: str, *, marks: bool) -> tuple[str, str | None]:
        """The path up to the segment that tells, and why it was cut; whole, and None, when nothing does.

        On a bystander's host an opaque segment is the name of the attacker's page there: `marks` is False.
        """
        why = self._told(path, marks=marks)
        if not why:
            return path, None
        segments = path.split("/")
        starts = ("/".join(segments[:end]) for end in range(2, len(segments) + 1))
        told = next(start for start in starts if self._told(start, marks=marks))
        return told[: told.rindex("/") + 1], why

    def _address(self, observable: Observable) -> tuple[Observable, str]:
        """At a mail provider the part before the @ is the attacker's own choice, as a registered domain is."""
        local, _, domain = observable.value.rpartition("@")
        place = self._classifier.place(observable)
        host, host_why = self._host(domain)
        if place:
            why = host_why or (self._readers if place.category == "mail" else self._traces).found_in(local)
            if why:
                raise _Stay(f"it holds {why}, and {place.name} is {place.why}")
            return observable, ""
        if told := self._told(local):
            return _host_value(host), f"the part before the @ held {told}"
        return (_host_value(host), host_why) if host_why else (observable, "")

    def _told(self, text: str, *, marks: bool = True) -> str | None:
        """What a text tells of the victim, or the mark in it; None when it may leave."""
        return (opaque(text) if marks else None) or self._traces.found_in(text)


def _names_a_page(path: str, whole: str) -> bool:
    """Whether what is left on a bystander's host still points to one page there, and not to everybody's door."""
    segments = [segment for segment in path.split("/") if segment]
    return any(map(opaque, segments)) or (path != whole and bool(segments))


def _passable(reading: Reading) -> TLP:
    """The label under which it may be passed on; Refused when it may not."""
    it = reading.marked_at or "It"
    if reading.held:
        raise Refused(f"{it} carries a marking that this agent does not know: the file is held, not shared.")
    try:
        label = parse_tlp(reading.tlp) if reading.tlp else TLP.CLEAR
    except Malformed:
        raise Refused(
            f"{it} carries a TLP label that does not exist: the file is held, not shared."
        ) from None
    if label in NOT_TO_PASS_ON:
        raise Refused(f"{it} is marked {label}: the file may not leave your organisation.")
    return label


def _why_nothing(stays: list[Value], unread: tuple[Defect, ...]) -> str:
    """Each reason with the first places where it holds; no value is repeated."""
    places: dict[str, list[str]] = {}
    for value in stays:
        places.setdefault(f"{value.owner}: {value.reason.rstrip('.')}", []).append(value.where)
    reasons = [f"{reason} ({', '.join(dict.fromkeys(at[:3]))})" for reason, at in places.items()]
    if len(reasons) > MAX_REASONS:
        reasons[MAX_REASONS:] = [f"{len(reasons) - MAX_REASONS} more reasons"]
    sentence = f"What was found stays: {'; '.join(reasons)}." if stays else "It holds no value."
    if not unread:
        return sentence
    first = f"{unread[0].where}: {unread[0].reason.rstrip('.')}"
    return f"{sentence} Parts that could not be used: {len(unread)}, first {first}."


def _host_value(host: str) -> Observable:
    """A host name or address as a value of its own."""
    kind = Kind.IPV6 if ":" in host else Kind.IPV4 if host.rpartition(".")[2].isdigit() else Kind.DOMAIN
    return normalise(kind, host)
