# SPDX-License-Identifier: Apache-2.0
"""Who each value of a reading belongs to. The rules stand in `RULES`, in the order in which they are asked.

A value is the attacker's only when no rule before has an answer: whatever is the bank's own, a recipient's, another
institution's or everybody's is named as such first, and whatever a mail merely mentions stays undecided, unless a
person has said of it before whose it is (`tocsin.agent.redaction.corrections`). Look-alike
names are the attacker's; a genuine name under another ending is not (``bank.example.com`` for ``bank.example``).

What is not here: cutting the victim out of an attacker's value (`tocsin.agent.redaction.traces`, `redact`).
"""

import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

from tocsin.agent.readers.reading import Found, Reading
from tocsin.agent.redaction.assets import Assets, covering
from tocsin.agent.redaction.bystanders import Bystanders, Place
from tocsin.agent.redaction.corrections import Corrections
from tocsin.agent.redaction.owner import Owner, Value, Verdict
from tocsin.agent.redaction.route import Route, mail_of, routes_of
from tocsin.agent.redaction.sites import Site, Sites
from tocsin.agent.redaction.traces import Traces
from tocsin.agent.redaction.warninglists import Warninglists
from tocsin.domain.linter import private_system
from tocsin.domain.observable import OF_INSTITUTIONS, Kind, Observable
from tocsin.wire.registrable import registrable

_INNER = "forwarded mail"
"""How `tocsin.agent.readers.mail` begins the place of whatever stands in a mail inside the mail."""
_REMEMBERED = 4_096
"""Domains of senders of which is kept whether they bear an own name."""
_FORWARDED = re.compile(r"\s*(?:fwd?|wg|tr|enc|rv|i|doorst|vs|vb|转发|轉寄)\s*:", re.IGNORECASE)
"""Subject lines of forwarded mail, as the programs of many languages write them."""


class _Case(msgspec.Struct, frozen=True):
    """What the rules know of the whole reading."""

    addresses: frozenset[str]
    domains: frozenset[str]
    """Domains of the recipients that are not a mail provider's."""
    authenticated: bool
    """Whether any method (SPF, DKIM, DMARC) passed: if none did, every sender's domain may be forged."""
    genuine: str | None
    """Why the mail may be genuine after all, or None."""
    pictures: frozenset[str]
    """Digests of attached pictures."""
    inner: bool
    """Whether it is a mail around another mail."""
    forwarded: bool
    """Whether its subject says that it was forwarded."""
    routes: dict[str, Route]
    """The way of each mail in it."""


class Classifier:
    """Knows the bank's own assets, the other members' genuine ones, and the places of bystanders."""

    def __init__(
        self,
        own: Assets,
        members: tuple[Assets, ...] = (),
        bystanders: Bystanders | None = None,
        warninglists: Warninglists | None = None,
        corrections: Corrections | None = None,
    ) -> None:
        self.own = own
        self._members = [one for one in members if one.addresses or one.accounts or one.codes or one.cards]
        self._bystanders = bystanders or Bystanders.shipped()
        self._sites = Sites(own, members, self._bystanders)
        self.warninglists = warninglists or Warninglists()
        self.corrections = corrections or Corrections()
        self._bears_own_name = lru_cache(_REMEMBERED)(Traces(own).found_in)

    def classify(self, reading: Reading) -> tuple[Value, ...]:
        """Every value that was found, in its order, with its owner and the reason."""
        case = self._case(reading)
        return tuple(self._value(found, case) for found in reading.found)

    def place(self, observable: Observable) -> Place | None:
        """The bystander's place that a value stands on, unless it is a tenant's own corner of it."""
        return self._sites.of(observable).place

    def own_asset(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """The bank's own domains, networks and addresses."""
        asset = self.own.owns_itself(found.observable) or site.own
        return Verdict(Owner.OURS, f"your own: {asset}") if asset else None

    def kept_home(self, observable: Observable) -> Verdict | None:
        """Why a value never leaves, whatever it is in one file: an own asset, or a person's word."""
        if asset := self.own.owns(observable):
            return Verdict(Owner.OURS, f"your own: {asset}")
        return self.corrections.keeps_home(observable)

    def corrected(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """What a person has said is the bank's, a customer's or a bystander's."""
        return self.corrections.keeps_home(found.observable)

    def recipient(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """The people to whom it was sent, and their domains."""
        if found.observable.value in case.addresses or covering(site.host, case.domains):
            return Verdict(Owner.CUSTOMER, "a recipient's")
        return None

    def forwarder(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """Whoever passed the phish on to the bank is a customer or a colleague, and so is what stands around it."""
        if case.inner and not found.where.startswith(_INNER):
            return Verdict(Owner.CUSTOMER, "stands around the forwarded mail: whoever passed it on")
        if case.forwarded and found.part in ("sender", "reply-to", "sending-host"):
            return Verdict(Owner.UNCLEAR, "the subject says forwarded: it may be whoever passed it on")
        return None

    def genuine(self, observable: Observable) -> str | None:
        """Why a value is probably a member's own, in words: its domain, or its whole name under another ending."""
        for member in self._members:
            if member.owns_itself(observable):
                return f"genuine: {member.legal_name}'s"
        return self._sites.of(observable).genuine

    def genuine_elsewhere(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """The genuine domains of other members, and what bears exactly a member's or the bank's own name."""
        reason = self.genuine(found.observable)
        return Verdict(Owner.IMPERSONATED, reason) if reason else None

    def forged_name(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """A sender's domain that bears an own name and did not authenticate: forging it needs no look-alike.

        It may be a genuine domain that nobody listed. A look-alike that a link leads to had to be registered.
        """
        if found.part != "sender" or case.authenticated:
            return None
        if site.registered and self._bears_own_name(site.registered):
            return Verdict(
                Owner.IMPERSONATED, "bears your name and did not authenticate: it may be yours, forged"
            )
        return None

    def not_public(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """Addresses and names that only mean something inside somebody's network, and whole suffixes."""
        if sentence := site.inside or private_system(found.observable, None, registrable):
            return Verdict(Owner.BYSTANDER, sentence)
        if not site.host or site.network or site.registered or site.place:
            return None
        return Verdict(Owner.UNCLEAR, "not a name of the public DNS, or a suffix that many share")

    def institution(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """Codes of banks and card issuers: a mule's bank is hit too, and whoever's cards are tried is a victim."""
        if found.observable.kind in OF_INSTITUTIONS:
            return Verdict(Owner.BYSTANDER, "names an institution, and none is the attacker's")
        return None

    def file_name(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """What a file in a mail is called was often made for its reader: only a person can tell."""
        if found.observable.kind is Kind.FILE_NAME and found.part == "attachment":
            return Verdict(Owner.UNCLEAR, _NAMES_SOMEBODY)
        return None

    def bystander(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """Places that the attacker shares with everybody, and the bank's partners."""
        if site.partner:
            return Verdict(Owner.BYSTANDER, f"your partner's: {site.partner}")
        if site.place is None or site.place.may_hold(found.observable):
            return None
        return Verdict(Owner.BYSTANDER, f"{site.place.name}: {site.place.why}")

    def warned_of(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """What stands on a list of things that are often accused by mistake: held, and never called innocent."""
        if hits := self.warninglists.hits(found.observable):
            return Verdict(
                Owner.UNCLEAR,
                f"on the warning list {', '.join(map(repr, hits))}: send it only if you know that it is the attacker's",
            )
        return None

    def may_be_genuine(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """Authentication passed at a genuine domain: the whole mail waits for a person."""
        return Verdict(Owner.UNCLEAR, case.genuine) if case.genuine else None

    def only_mentioned(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """A value in running text or a picture's address is no proof that the attacker holds it."""
        return Verdict(Owner.UNCLEAR, _MENTIONED) if found.part == "text" else None

    def way(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """Of the hosts that a mail came through only the last foreign one is the attacker's (`route.py`)."""
        route = case.routes.get(mail_of(found.where)) if found.part == "sending-host" else None
        return route.verdict_on(found) if route else None

    def picture(self, found: Found, site: Site, case: _Case) -> Verdict | None:
        """An attached picture may be the institution's own logo, and its digest would name it."""
        if found.observable.value in case.pictures:
            return Verdict(Owner.UNCLEAR, "a picture: it may be the institution's own logo")
        return None

    def _value(self, found: Found, case: _Case) -> Value:
        site = self._sites.of(found.observable)
        verdict = next((v for rule in RULES if (v := rule(self, found, site, case))), _ATTACKER)
        part = found.part
        accused = self.corrections.accuses(found.observable) if verdict.owner is Owner.UNCLEAR else None
        if accused:
            verdict, part = accused, "named" if part == "text" else part
        return Value(found.observable, part, found.where, verdict.owner, verdict.reason)

    def _case(self, reading: Reading) -> _Case:
        domains = {address.rpartition("@")[2] for address in reading.recipients}
        domains = {name for name in domains if "." in name and not self._bystanders.of_name(name)}
        pictures = {a.sha256 for a in reading.attachments if a.media_type.startswith("image/")}
        known = _Case(
            addresses=frozenset(reading.recipients),
            domains=frozenset(domains),
            authenticated=authenticated(reading),
            genuine=None,
            pictures=frozenset(pictures),
            inner=any(found.where.startswith(_INNER) for found in reading.found),
            forwarded=_FORWARDED.match(reading.title) is not None,
            routes=routes_of(reading, self.own, self._bystanders),
        )
        return msgspec.structs.replace(known, genuine=None if known.inner else self._genuine(reading))

    def _genuine(self, reading: Reading) -> str | None:
        """Why the mail may be genuine: DMARC passed at a genuine domain, or SPF did and every sender is one."""
        passed = {method for method, result in reading.authentication if result == "pass"}
        senders = [found for found in reading.found if found.part == "sender"]
        genuine = [self.own.owns(one.observable) or self.genuine(one.observable) for one in senders]
        if any(genuine) and ("dmarc" in passed or ("spf" in passed and all(genuine))):
            return "the mail passed authentication at a genuine domain: it may be genuine; a person decides"
        return None


RULES: tuple[Callable[[Classifier, Found, Site, _Case], Verdict | None], ...] = (
    Classifier.own_asset,
    Classifier.corrected,
    Classifier.recipient,
    Classifier.forwarder,
    Classifier.genuine_elsewhere,
    Classifier.forged_name,
    Classifier.institution,
    Classifier.not_public,
    Classifier.bystander,
    Classifier.warned_of,
    Classifier.may_be_genuine,
    Classifier.way,
    Classifier.file_name,
    Classifier.only_mentioned,
    Classifier.picture,
)
_MENTIONED = "only mentioned: send it only if you know that it is the attacker's"
_NAMES_SOMEBODY = "a file's name may name a customer: send it only if it does not"
_ATTACKER = Verdict(Owner.ATTACKER, "held by the attacker: no rule names another owner")


def authenticated(reading: Reading) -> bool:
    """Whether SPF, DKIM or DMARC passed for the mail. Context only: attackers authenticate their own domains."""
    return any(result == "pass" for _, result in reading.authentication)
