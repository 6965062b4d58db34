# SPDX-License-Identifier: Apache-2.0
"""Takes out of one value of the attacker's whatever tells of the victim, or says why it stays.

=============  ================================================================================================
URL            query dropped when it tells, holds a mark, or a number that may be one reader's; path cut before
               the offending segment; down to the bare host, its host instead
host           where a name below the registered domain tells: the registered domain instead, as `wider`
mail address   its domain instead, when the part before the @ is told (VERP) and the domain is the attacker's
=============  ================================================================================================

Whatever names another host than the file did is never a URL, a host of the attack or a mail address. The registered
domain above a name that tells may be an innocent host's with thousands of tenants, so it leaves as a domain that is
`named`, is shown as wider than what was in the file, and waits for a person; no standing rule covers it.

The registered domain itself is never touched: a look-alike of the bank's name is the attack, and warns others. Nor is
the mailbox that an attacker chose at a mail provider. Both may hold the bank's name, and `Leaving.holds` says so. What
cannot be shortened, because the place is a bystander's, stays. Traces and marks: `tocsin.agent.redaction.traces`.
"""

from urllib.parse import urlsplit

import msgspec

from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.classify import Classifier, authenticated
from tocsin.agent.redaction.owner import Owner, Value
from tocsin.agent.redaction.traces import Traces, numbered, opaque
from tocsin.clock import Meter, cpu_seconds
from tocsin.domain.disclosure import Indicator
from tocsin.domain.linter import MAX_INDICATORS, lint_observable
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.wire.registrable import registrable

CPU_SECONDS = 2.0
"""Of this process for the values of one file; a mail has few, and a file that would take longer wants just that."""


class Leaving(msgspec.Struct, frozen=True):
    """One value of the case and the indicator that is sent for it."""

    value: Value
    indicator: Indicator
    cut: str
    """What was taken off and why; empty when it leaves whole."""
    wider: bool = False
    """Whether it covers more than what was in the file: a registered domain instead of a name below it."""
    holds: str = ""
    """What of the victim it names all the same, because it is the attacker's own name; empty: nothing."""


_SENDERS = frozenset({Kind.DOMAIN, Kind.EMAIL})
"""What anybody may write as the sender of a mail (RFC 5321 §7.1): it is the attacker's own only if it authenticated."""


class Stay(Exception):
    """This value cannot leave; the argument says why. Met only by `tocsin.agent.redaction.redact`."""


class Door:
    """Shortens one value after another until nothing in it tells of the victim."""

    def __init__(self, classifier: Classifier, reading: Reading, meter: Meter = cpu_seconds) -> None:
        self._meter = meter
        self._until = meter() + CPU_SECONDS
        own = classifier.own
        self._authenticated = authenticated(reading)
        self._classifier = classifier
        self._traces = Traces.of(own, reading)
        self._readers = Traces.of(msgspec.structs.replace(own, names=frozenset()), reading)
        self._passed = 0
        self._held: dict[str, str] = {}

    def pass_out(self, value: Value) -> Leaving:
        """The indicator to send for a value; Stay when there is none."""
        if value.owner is not Owner.ATTACKER:
            raise Stay(value.reason)
        if self._passed >= MAX_INDICATORS:
            raise Stay(f"more than {MAX_INDICATORS:,} values: report the rest separately")
        if self._meter() > self._until:
            raise Stay(
                f"the values before it took {CPU_SECONDS:g} seconds to look at: report the rest separately"
            )
        observable, cut = self._shortened(value.observable)
        if value.part == "sender" and observable.kind in _SENDERS and not self._authenticated:
            raise Stay(f"no authentication passed: {observable.value} may be forged")
        if verdict := self._classifier.kept_home(observable):
            raise Stay(f"cut to {observable.value}: {verdict.reason}" if cut else verdict.reason)
        for finding in lint_observable(observable, registrable, ""):
            raise Stay(finding.sentence)
        wider = observable.kind is Kind.DOMAIN and observable.value != host_of(value.observable)
        part = "landing-host" if value.part == "link" and observable.kind is not Kind.URL else value.part
        self._passed += 1
        return Leaving(
            value, Indicator(observable, "named" if wider else part), cut, wider, self._holds(observable)
        )

    def _holds(self, observable: Observable) -> str:
        """What of the victim stands in the host or the mailbox, each looked at once."""
        mailbox = observable.value.rpartition("@")[0] if observable.kind is Kind.EMAIL else ""
        for text in (host_of(observable) or "", mailbox):
            if text not in self._held:
                self._held[text] = self._traces.found_in(text) or ""
            if self._held[text]:
                return self._held[text]
        return ""

    def _shortened(self, observable: Observable) -> tuple[Observable, str]:
        if observable.kind is Kind.URL:
            return self._url(observable)
        if observable.kind is Kind.EMAIL:
            return self._address(observable)
        if observable.kind is Kind.DOMAIN:
            host, why = self._host(observable.value)
            return _host_value(host), why
        if observable.kind is Kind.FILE_NAME and (told := self._told(observable.value)):
            raise Stay(f"the file's name holds {told}")
        return observable, ""

    def _host(self, host: str) -> tuple[str, str]:
        """The host, or the registered domain when a name below it tells."""
        own = registrable(host)
        below = host[: -len(own)] if own else ""
        why = self._told(below) if below else None
        if not why or own is None:
            return host, ""
        if place := self._classifier.place(_host_value(own)):
            raise Stay(f"its host holds {why}, and {place.name} is {place.why}")
        return own, f"names below {own} cut: they held {why}"

    def _url(self, observable: Observable) -> tuple[Observable, str]:
        parts = urlsplit(observable.value)
        place = self._classifier.place(observable)
        path, why = self._path(parts.path, marks=place is None)
        query, what = "", "path" if why else "query"
        if not why and parts.query:
            together = f"{parts.path}?{parts.query}"
            why = numbered(parts.query) or self._told(parts.query) or self._told(together, marks=False)
            query = "" if why else f"?{parts.query}"
        host, host_why = self._host(host_of(observable) or "")
        reason = "; ".join(filter(None, (why and f"{what} cut: it held {why}", host_why)))
        if not reason:
            return observable, ""
        if host_why:
            return _host_value(host), reason
        if place and not _names_a_page(path, parts.path):
            raise Stay(f"it holds {why}, and {place.name} is {place.why}")
        if path == "/" and not query:
            return _host_value(host), reason
        return normalise(Kind.URL, f"{parts.scheme}://{parts.netloc}{path}{query}"), reason

    def _path(self, path: str, *, marks: bool) -> tuple[str, str | None]:
        """The path up to the segment that tells, and why it was cut; whole, and None, when nothing does.

        On a bystander's host an opaque segment is the name of the attacker's page there: `marks` is False.
        """
        why = self._told(path, marks=marks)
        if not why:
            return path, None
        segments = path.split("/")
        tells_not, tells = 1, len(segments)
        while (
            tells - tells_not > 1
        ):  # by halves: a path has up to 2,000 segments, and each look costs its length
            middle = (tells_not + tells) // 2
            if self._told("/".join(segments[:middle]), marks=marks):
                tells = middle
            else:
                tells_not = middle
        kept = "/".join(segments[:tells_not]) + "/"
        return (
            "/" if self._told(kept, marks=marks) else kept
        ), why  # a longer text may hide what a shorter tells

    def _address(self, observable: Observable) -> tuple[Observable, str]:
        """At a mail provider the part before the @ is the attacker's own choice, as a registered domain is."""
        local, _, domain = observable.value.rpartition("@")
        place = self._classifier.place(observable)
        host, host_why = self._host(domain)
        if place:
            why = host_why or (self._readers if place.category == "mail" else self._traces).found_in(local)
            if why:
                raise Stay(f"it holds {why}, and {place.name} is {place.why}")
            return observable, ""
        if told := self._told(local):
            return _host_value(host), f"part before the @ cut: it held {told}"
        return (_host_value(host), host_why) if host_why else (observable, "")

    def _told(self, text: str, *, marks: bool = True) -> str | None:
        """What a text tells of the victim, or the mark in it; None when it may leave."""
        return (opaque(text) if marks else None) or self._traces.found_in(text)


def _names_a_page(path: str, whole: str) -> bool:
    """Whether what is left on a bystander's host still points to one page there, and not to everybody's door."""
    segments = [segment for segment in path.split("/") if segment]
    return any(map(opaque, segments)) or (path != whole and bool(segments))


def _host_value(host: str) -> Observable:
    """A host name or address as a value of its own."""
    kind = Kind.IPV6 if ":" in host else Kind.IPV4 if host.rpartition(".")[2].isdigit() else Kind.DOMAIN
    return normalise(kind, host)
