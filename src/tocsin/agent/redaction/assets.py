# SPDX-License-Identifier: Apache-2.0
"""What belongs to one institution: its names, domains, networks and mail addresses.

The same struct describes the bank itself and the other members it knows of, whose genuine domains are as little an
attacker's as its own.

>>> sorted(aliases_of("Banco do Norte S.A."))
['bancodonorte', 'banconorte', 'bdn', 'norte']

Aliases are expanded from the legal name: on 305 published narratives that name their victim, hiding the exact name
left 54 % of them telling, this expansion 2 %. What cannot be derived (a product, a nickname such as NatWest) goes
into the configuration's `aliases`.
"""

import re
from functools import lru_cache
from ipaddress import ip_network
from itertools import pairwise

import msgspec

from tocsin.config.agent import OwnAssets
from tocsin.domain.folding import plain
from tocsin.domain.linter import Network, network_of
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.errors import ConfigError, Malformed
from tocsin.wire.registrable import registrable

SHORTEST_WORD = 4
"""Letters from which a single word of a name tells who is meant; shorter ones count only as an acronym."""

_LEGAL_FORM_WORDS = (
    "sa sab spa srl sarl sas plc ltd limited ltda llc llp lp inc incorporated corp corporation co company "
    "ag se nv bv kg kgaa gmbh ev eg ab asa as oy oyj pty pte psc pjsc ojsc jsc na group grupo groupe gruppe "
    "holding holdings international"
)
_CONNECTING_WORDS = "and of the for y e et und do da de del della des di du la le el van von"
_GENERIC_WORDS = (
    "bank banco banca banka banque bancorp bankers banking building society savings caisse cassa credit credito "
    "crédit crédito union trust wallet card cards cartao pay pago pagos pagamento pagamentos payment payments "
    "finance financial financeira services servicos services securities capital investment investments insurance "
    "assurance seguros mutual national nacional nazionale central federal royal first american united general "
    "commercial cooperative people popular america brasil brazil canada europe europa italia france deutschland "
    "deutsche españa mexico india japan china kingdom states state digital online global institution "
    "instituição instituicao institución institucion банк pank pankki bankası τράπεζα"
)
_LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())
_CONNECTORS = frozenset(_CONNECTING_WORDS.split())
_GENERIC = frozenset(_GENERIC_WORDS.split())
_NOISE = {ord("."): None, **dict.fromkeys(map(ord, "株式会社"), " ")}
_TOKENS = re.compile(r"[^\W_]+|&")
_BEGINNINGS = frozenset({Kind.IBAN, Kind.BIC, Kind.BIN})


class Assets(msgspec.Struct, frozen=True):
    """One institution's names and places, in normal form; make it with `assets_of`."""

    legal_name: str
    domains: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    addresses: frozenset[str] = frozenset()
    """Mail addresses of its own that stand at other domains."""
    names: frozenset[str] = frozenset()
    """Everything it is called, lower case and joined: `aliases_of` its names and the labels of its domains."""
    partners: frozenset[str] = frozenset()
    """Domains of suppliers and partners: bystanders that only this bank knows."""
    accounts: tuple[str, ...] = ()
    """How IBANs of own customers begin; ``?`` for any digit."""
    codes: tuple[str, ...] = ()
    """Own bank identifier codes."""
    cards: tuple[str, ...] = ()
    """How own cards begin."""

    def owns(self, observable: Observable) -> str | None:
        """The asset that a value is, or stands on; None when it is none of this institution's."""
        return self.owns_itself(observable) or self.holds(host_of(observable), network_of(observable))

    def owns_itself(self, observable: Observable) -> str | None:
        """The asset that a value is wherever it stands: a mail address, or the beginning of an account or a card."""
        if observable.value in self.addresses:
            return observable.value
        return self._begins(observable) if observable.kind in _BEGINNINGS else None

    def holds(self, host: str | None, network: Network | None) -> str | None:
        """The own network that one overlaps, or the own domain that a host name is under."""
        if network:
            return next((str(own) for own in self.networks if overlap(own, network)), None)
        return covering(host, self.domains) if host else None

    def _begins(self, observable: Observable) -> str | None:
        """The own beginning that an account, a bank's code or cards have; of six digits of cards, two may follow."""
        own = {Kind.IBAN: self.accounts, Kind.BIC: self.codes, Kind.BIN: self.cards}[observable.kind]
        return next((one for one in own if _agree(one, observable.value)), None)


def assets_of(
    legal_name: str,
    *,
    domains: tuple[str, ...] = (),
    networks: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    partners: tuple[str, ...] = (),
    accounts: tuple[str, ...] = (),
    codes: tuple[str, ...] = (),
    cards: tuple[str, ...] = (),
) -> Assets:
    """An institution's assets from words as people write them; ConfigError names the one that is wrong."""
    try:
        own = frozenset(normalise(Kind.DOMAIN, text).value for text in domains)
        labels = frozenset(
            (registrable(domain) or domain).partition(".")[0].replace("-", "") for domain in own
        )
        return Assets(
            legal_name=legal_name,
            domains=own,
            networks=tuple(ip_network(text, strict=False) for text in networks),
            addresses=frozenset(normalise(Kind.EMAIL, text).value for text in addresses),
            names=labels.union(*(aliases_of(name) for name in (legal_name, *aliases))) - _GENERIC,
            partners=frozenset(normalise(Kind.DOMAIN, text).value for text in partners),
            accounts=tuple(text.replace(" ", "").upper() for text in accounts),
            codes=tuple(normalise(Kind.BIC, text).value[:8] for text in codes),
            cards=cards,
        )
    except (Malformed, ValueError) as error:
        raise ConfigError(f"The assets of {legal_name!r}: {error}") from None


def own_assets(own: OwnAssets) -> Assets:
    """The bank's own, from its agent's configuration. Partner networks guard shields only, never this door."""
    named = tuple(text for text in own.partners if network_in(text) is None)
    return assets_of(
        own.legal_name,
        domains=own.domains,
        networks=own.networks,
        aliases=own.aliases,
        partners=named,
        accounts=own.iban,
        codes=own.bic,
        cards=own.bin,
    )


def known_as(own: OwnAssets, name: str) -> OwnAssets:
    """The bank's own with the name that the alliance knows it by, which must not leave either."""
    if assets_of(name).names <= own_assets(own).names:
        return own
    return msgspec.structs.replace(own, aliases=(*own.aliases, name))


def network_in(text: str) -> Network | None:
    """The network or single address that a person wrote, of either version; None when it is a name."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def aliases_of(name: str) -> frozenset[str]:
    """What people call an institution of that name: lower case, joined, with accents and without.

    The name without its legal form, with and without its small words, its distinctive words alone, neighbouring
    words together, the name without the generic words at its ends, and its initials.
    """
    full = ["and" if word == "&" else word for word in _TOKENS.findall(name.lower().translate(_NOISE))]
    full = without_legal_form(full)
    content = [word for word in full if word not in _CONNECTORS]
    found = {"".join(some) for some in (full, content, _stripped(full), _stripped(content))}
    found.update(word for word in content if len(word) >= SHORTEST_WORD and word not in _GENERIC)
    found.update(a + b for a, b in pairwise(content) if not {a, b} <= _GENERIC or a is content[0])
    found.update("".join(word[0] for word in some) for some in (full, content) if len(some) > 2)
    return frozenset(form for alias in found if len(alias) > 1 for form in (alias, plain(alias)))


def without_legal_form(words: list[str]) -> list[str]:
    """The words of a name, in lower case, without a legal form at its end; one word is always left."""
    end = len(words)
    while end > 1 and words[end - 1] in _LEGAL_FORMS | _CONNECTORS:
        end -= 1
    return words[:end]


def is_generic(word: str) -> bool:
    """Whether a word stands in the names of many institutions."""
    return word in _GENERIC


def covering(host: str, domains: frozenset[str]) -> str | None:
    """The one of the domains that a host is, or is a name under."""
    name = host
    while name:
        if name in domains:
            return name
        name = name.partition(".")[2]
    return None


def _agree(beginning: str, value: str) -> bool:
    """Whether both say the same as far as both go."""
    return all(a == b or (a == "?" and b.isdigit()) for a, b in zip(beginning, value, strict=False))


def _stripped(words: list[str]) -> list[str]:
    """Without the generic and the small words at both ends."""
    plainly = _GENERIC | _CONNECTORS
    start, end = 0, len(words)
    while start < end and words[start] in plainly:
        start += 1
    while end > start and words[end - 1] in plainly:
        end -= 1
    return words[start:end]


def overlap(one: Network, other: Network) -> bool:
    """Whether two networks share an address; those of different versions never do."""
    return one.version == other.version and one.overlaps(other)
