# SPDX-License-Identifier: Apache-2.0
"""What the bank declared of itself, made ready for looking through a text: names, hosts, networks, number ranges."""

import re
from fnmatch import translate
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from tocsin.agent.redaction.assets import Assets, covering, own_assets
from tocsin.config.agent import OwnAssets
from tocsin.domain.folding import plain

_INNER = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    )
) + tuple(map(ip_network, ("fc00::/7", "fe80::/10", "::1/128")))
"""Addresses that only mean something inside of somebody's house."""
INNER_ENDINGS = ("internal", "lan", "local", "corp", "intra", "intranet", "home", "ad", "priv", "localdomain")
"""Last labels of host names that no public resolver knows."""
_SHORT = 3
_KIND = re.compile("株式会社|銀行|银行|은행|बैंक|بنك|מצרף|בנק|ש.מ.|ش.م.ع|مصرف(?= )")
_UNCASED = re.compile(r"[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Own(msgspec.Struct, frozen=True):
    """One bank's assets as patterns; make it with `own_of`."""

    assets: Assets
    names: frozenset[str]
    """What it is called, lower case and joined, of more than three letters."""
    acronyms: frozenset[str]
    """The shorter ones, found only in capital letters."""
    openings: frozenset[str]
    """How names begin: up to three letters."""
    uncased: re.Pattern[str] | None
    """Names in scripts without capital letters, which are found anywhere."""
    bic: tuple[str, ...]
    iban: tuple[re.Pattern[str], ...]
    bin: tuple[str, ...]
    hosts: re.Pattern[str] | None
    staff: tuple[str, ...]

    def has_host(self, host: str) -> bool:
        """Whether a host name is the bank's own, or stands under an ending that only counts inside."""
        host = host.lower()
        inner = "." in host and host.rpartition(".")[2] in INNER_ENDINGS
        return inner or covering(host, self.assets.domains) is not None or self.has_machine(host)

    def has_machine(self, name: str) -> bool:
        """Whether a word is the name of one of its machines."""
        return self.hosts is not None and self.hosts.fullmatch(name.lower()) is not None

    def has_network(self, network: IPv4Network | IPv6Network) -> bool:
        """Whether an address or network is the bank's own or of no public kind."""
        every = (*self.assets.networks, *_INNER)
        return any(own.version == network.version and own.overlaps(network) for own in every)

    def has_iban(self, iban: str) -> bool:
        """Whether an account number begins as the bank's own."""
        return any(pattern.match(iban) for pattern in self.iban)

    def has_card(self, digits: str) -> bool:
        """Whether a card number begins with one of the bank's own BINs."""
        return digits.startswith(self.bin)


@lru_cache(maxsize=64)
def own_of(declared: OwnAssets) -> Own:
    """The patterns of one bank; ConfigError when what is declared makes no sense."""
    assets = own_assets(declared)
    given = {
        "".join(re.findall(r"[^\W_]+", plain(name))) for name in (declared.legal_name, *declared.aliases)
    }
    names = {plain(name) for name in assets.names} | given
    said = (declared.legal_name, *declared.aliases)
    uncased = sorted(
        {form for n in said if _UNCASED.search(n) for form in (n, _KIND.sub("", n).strip()) if form},
        key=len,
        reverse=True,
    )
    return Own(
        assets=assets,
        names=frozenset(name for name in names if len(name) > _SHORT),
        acronyms=frozenset(name for name in names if 1 < len(name) <= _SHORT),
        openings=frozenset(name[:length] for name in names for length in (1, 2, 3)),
        uncased=re.compile("|".join(r"\s?".join(map(re.escape, n.split())) for n in uncased))
        if uncased
        else None,
        bic=tuple(bic.upper() for bic in declared.bic),
        iban=tuple(re.compile(re.escape(prefix.upper()).replace(r"\?", "[0-9]")) for prefix in declared.iban),
        bin=tuple(filter(None, declared.bin)),
        hosts=_machines(declared.internal_hosts),
        staff=declared.staff,
    )


def _machines(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for all; a pattern without a dot means names without one, not somebody's domain."""
    every = [
        translate(each.lower()) if "." in each else f"(?!.*\\.){translate(each.lower())}" for each in patterns
    ]
    return re.compile("|".join(every)) if every else None
