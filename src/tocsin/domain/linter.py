# SPDX-License-Identifier: Apache-2.0
"""The one set of rules for what may leave a party: asked at the agent's door and again at the hub's intake.

Each rule is one function that returns a sentence when it is broken. The rules know no bank: they refuse what no
disclosure of anybody's may hold. Whose a value is, and so most of the redaction, is `tocsin.agent.redaction.classify`.

Documentation addresses (RFC 5737, RFC 3849, RFC 9637) and names under ``.example`` (RFC 2606) are allowed: they are
what demonstrations, drills and tests are made of, and nobody can be hurt by them.

The public suffix list is data, and this floor reads none: callers pass `Registrable`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

import msgspec

from tocsin.domain.catalogue import catalogue_of
from tocsin.domain.context import is_private_system
from tocsin.domain.disclosure import PARTS, Disclosure, Indicator
from tocsin.domain.folding import TooMuchHidden, unfold
from tocsin.domain.marking import TLP
from tocsin.domain.narrative import broken
from tocsin.domain.observable import DIGESTS, OF_INSTITUTIONS, Kind, Observable, check_normal, host_of
from tocsin.domain.warning import Warning
from tocsin.errors import Malformed, Refused
from tocsin.ids import check_id

Registrable = Callable[[str], str | None]
"""The domain that somebody registered under a public suffix, ``a.co.uk`` for ``www.a.co.uk``; None when there is
none: the name is itself a suffix, or its ending is not public."""

MAX_INDICATORS = 1_000
MAX_EXTERNAL_IDS = 100
WIDEST_V4 = 16
"""Prefix length of the widest IPv4 network that one report may name."""
WIDEST_V6 = 32

MAIL_ADDRESS = re.compile(r"(?<![\w.+=-])[\w.+=-]++(?:@|%40)[\w-]++(?:\.[\w-]+)+")
"""A mail address inside of a longer text; wide on purpose. It begins where a run of its letters does and never goes
back, so that a long run without an @ costs one look at each letter."""
_DOCUMENTATION = tuple(
    ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
Network = IPv4Network | IPv6Network


class Finding(msgspec.Struct, frozen=True):
    """One broken rule."""

    rule: str
    """Name of the rule, for machines: ``private-address``."""
    where: str
    """``indicators[3]``, ``happened``."""
    sentence: str
    """What is wrong, for a person; it never repeats the value."""


def lint(disclosure: Disclosure, registrable: Registrable) -> tuple[Finding, ...]:
    """Everything in a disclosure that may not leave; empty when it may."""
    found = list(lint_envelope(disclosure))
    for index, indicator in enumerate(disclosure.indicators[:MAX_INDICATORS]):
        where = f"indicators[{index}]"
        found.extend(lint_part(indicator, where))
        found.extend(lint_observable(indicator.observable, registrable, where))
    found.extend(lint_text(disclosure, registrable))
    return tuple(found)


def lint_text(disclosure: Disclosure, registrable: Registrable) -> Iterator[Finding]:
    """The rules for its text, which may name no other values than the disclosure's own."""
    told = [indicator.observable for indicator in disclosure.indicators]
    for line, rule, sentence in broken(disclosure.text, told, registrable) if disclosure.text else ():
        yield Finding(rule, f"text, line {line}", sentence)


def lint_warning(warning: Warning, registrable: Registrable) -> tuple[Finding, ...]:
    """The same rules on what a warning tells others to look for. Its text is its author's own word.

    A withdrawal tells nothing to look for.
    """
    found = [] if warning.withdrawn else list(_count(len(warning.look_for), "look_for"))
    found.extend(_repeated(warning.look_for, "look_for"))
    found.extend(_names_alone(warning.look_for, "look_for"))
    for index, observable in enumerate(warning.look_for[:MAX_INDICATORS]):
        found.extend(lint_observable(observable, registrable, f"look_for[{index}]"))
    return tuple(found)


def lint_part(indicator: Indicator, where: str) -> Iterator[Finding]:
    """The rule for the part that a value plays."""
    if indicator.part not in PARTS:
        yield Finding("part", where, f"Its part is none of {', '.join(sorted(PARTS))}.")


def lint_observable(observable: Observable, registrable: Registrable, where: str) -> Iterator[Finding]:
    """The rules for one value. One that is not in normal form is not looked at further."""
    if sentence := not_normal(observable):
        yield Finding("normal-form", where, sentence)
    else:
        yield from lint_normal(observable, registrable, where)


def lint_normal(observable: Observable, registrable: Registrable, where: str) -> Iterator[Finding]:
    """The other rules, for one value that was just read and found to be in normal form."""
    network = network_of(observable)
    for name, rule in RULES:
        if sentence := rule(observable, network, registrable):
            yield Finding(name, where, sentence)


def require_clean(disclosure: Disclosure, registrable: Registrable) -> Disclosure:
    """Return it if no rule is broken; Refused names the first that is."""
    for finding in lint(disclosure, registrable):
        raise Refused(f"{finding.where}: {finding.sentence}")
    return disclosure


def not_normal(observable: Observable) -> str | None:
    """A value is in its one normal form, so no user name, fragment or odd spelling hides in it."""
    try:
        check_normal(observable)
    except Malformed:
        return f"It is not the normal form of a {observable.kind}."
    return None


def private_address(observable: Observable, network: Network | None, registrable: Registrable) -> str | None:
    """Addresses that are not public belong to somebody's own network."""
    if network is None:
        return None
    if network.network_address.is_global and network.broadcast_address.is_global and not network.is_multicast:
        return None
    if any(_inside(network, allowed) for allowed in _DOCUMENTATION):
        return None
    return "It is or holds a private, reserved or loopback address."


def too_wide(observable: Observable, network: Network | None, registrable: Registrable) -> str | None:
    """A network so wide that blocking it would cut off bystanders."""
    widest = WIDEST_V4 if network is not None and network.version == 4 else WIDEST_V6
    if network is not None and network.prefixlen < widest:
        return f"A network is /{widest} or narrower."
    return None


def unregistered(observable: Observable, network: Network | None, registrable: Registrable) -> str | None:
    """A host name that nobody could register: a public suffix, a special-use name, or a bank's internal one."""
    host = host_of(observable)
    if host is None or network is not None or host.endswith(".example"):
        return None
    if registrable(host) is None:
        return "Its host is a public suffix, or a name that the public DNS does not have."
    return None


def of_an_institution(
    observable: Observable, network: Network | None, registrable: Registrable
) -> str | None:
    """The code of a bank or an issuer of cards names who was hit, or a bystander such as a mule's bank."""
    if observable.kind in OF_INSTITUTIONS:
        return "It is the code of a bank or of an issuer of cards: it names an institution and no attack."
    return None


def private_system(observable: Observable, network: Network | None, registrable: Registrable) -> str | None:
    """Numbers that anybody may use inside mean something to their user alone."""
    if observable.kind is Kind.SYSTEM and is_private_system(observable.value):
        return "Its number is for private use or kept free: it means nothing to others."
    return None


def address_in_file_name(
    observable: Observable, network: Network | None, registrable: Registrable
) -> str | None:
    """A mail address in the name of a file is most often the victim's."""
    if observable.kind is Kind.FILE_NAME and MAIL_ADDRESS.search(observable.value):
        return "The file's name holds a mail address."
    return None


def address_in_url(observable: Observable, network: Network | None, registrable: Registrable) -> str | None:
    """A mail address in a URL is most often the victim's."""
    if observable.kind is not Kind.URL:
        return None
    parts = urlsplit(observable.value)
    try:
        views = unfold(f"{parts.path}?{parts.query}")
    except TooMuchHidden:
        return "The URL hides so much, encoding in encoding, that it cannot be searched for mail addresses."
    if any(map(MAIL_ADDRESS.search, views)):
        return "The URL holds a mail address, plain or encoded."
    return None


RULES: tuple[tuple[str, Callable[[Observable, Network | None, Registrable], str | None]], ...] = (
    ("private-address", private_address),
    ("too-wide", too_wide),
    ("unregistered", unregistered),
    ("address-in-url", address_in_url),
    ("address-in-file-name", address_in_file_name),
    ("institution", of_an_institution),
    ("private-system", private_system),
)
"""In the order in which they are asked, after `not_normal`; each is told the value's network too (`network_of`)."""


def network_of(observable: Observable) -> Network | None:
    """The addresses that a value stands for or on; None for names, mailboxes and digests."""
    text = observable.value if observable.kind is Kind.CIDR else host_of(observable) or ""
    # No other text is an address, and most are names.
    return _parsed(text) if text[-1:].isdigit() or ":" in text else None


@lru_cache(4_096)  # guards and rules ask again and again
def _parsed(text: str) -> Network | None:
    try:
        return IPv6Network(text) if ":" in text else IPv4Network(text)
    except ValueError:
        return None


def lint_envelope(disclosure: Disclosure) -> Iterator[Finding]:
    """The rules about everything but the values themselves."""
    try:
        check_id(disclosure.report_id, "rpt")
    except Malformed:
        yield Finding("report-id", "report_id", "It is not an identifier of the form rpt_<32 hex digits>.")
    if not _is_day(disclosure.happened):
        yield Finding("day", "happened", "It is not a day such as 2026-11-21; nothing finer may leave.")
    if disclosure.marking.tlp is TLP.RED:
        yield Finding("marking", "marking", "TLP:RED is for the people in one room, not for a stream.")
    if disclosure.indicators or not disclosure.external_ids:  # techniques alone are worth telling
        yield from _count(len(disclosure.indicators), "indicators")
    yield from _repeated(disclosure.indicators, "indicators")
    yield from _names_alone([indicator.observable for indicator in disclosure.indicators], "indicators")
    ids = disclosure.external_ids
    if len(ids) > MAX_EXTERNAL_IDS or list(ids) != sorted(set(ids)):
        sentence = f"They are at most {MAX_EXTERNAL_IDS}, sorted and without repeats."
        yield Finding("external-ids", "external_ids", sentence)
    if not all(map(catalogue_of, ids)):
        yield Finding("external-ids", "external_ids", "Only ATT&CK, CVE and CAPEC identifiers may leave.")


def _count(count: int, where: str) -> Iterator[Finding]:
    if not 1 <= count <= MAX_INDICATORS:
        yield Finding("count", where, f"There are 1 to {MAX_INDICATORS:,} values in one.")


def _names_alone(observables: Sequence[Observable], where: str) -> Iterator[Finding]:
    """The name of a file is told only beside the digest of one: alone it finds everybody's files of that name."""
    kinds = {observable.kind for observable in observables}
    if Kind.FILE_NAME in kinds and not kinds & DIGESTS:
        yield Finding("name-alone", where, "The name of a file is told only beside the digest of a file.")


def _repeated(items: tuple[object, ...], where: str) -> Iterator[Finding]:
    if len(set(items)) < len(items):
        yield Finding("repeated", where, "The same value stands in it twice.")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _inside(network: Network, outer: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(outer, IPv4Network):
        return network.subnet_of(outer)
    return isinstance(network, IPv6Network) and isinstance(outer, IPv6Network) and network.subnet_of(outer)
