# SPDX-License-Identifier: Apache-2.0
"""What a single word of a list or a table is: one value that stands for itself, or none.

In a list nothing needs to be defanged to be meant, so a bare ``evil.example`` counts, and so do the ways in which feeds
write places: with a port, with a path and without a scheme.

>>> value_in("evil[.]example:8080/gate.php")
(<Kind.URL: 'url'>, 'http://evil.example:8080/gate.php')
>>> value_in("192.0.2.7:443")
(<Kind.IPV4: 'ipv4'>, '192.0.2.7')
"""

import re
from contextlib import suppress

from tocsin.agent.readers.extract import refang
from tocsin.domain.accounts import iban, wallet
from tocsin.domain.observable import Kind
from tocsin.errors import Malformed

LONGEST = 4_000
_DIGESTS = {32: Kind.MD5, 40: Kind.SHA1, 64: Kind.SHA256, 128: Kind.SHA512}
_ACCOUNTS = {Kind.IBAN: iban, Kind.WALLET: wallet}
_SYSTEM = re.compile(r"AS[0-9]{1,10}", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}://", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_IPV4 = re.compile(r"((?:\d{1,3}\.){3}\d{1,3})(/\d{1,2})?")
_IPV6 = re.compile(r"[0-9a-fA-F:]{2,39}(?:[0-9.]{7,15})?(?:/\d{1,3})?")
_NAME = re.compile(r"(?:(?=[\w-]*[^\W_])[\w-]{1,63}\.){1,10}(?=[\w-]*[^\W\d_])[\w-]{2,63}\.?")
_HALF_DOT = re.compile(r"\[\.(?=\w)|(?<=\w)\.\]")
_AUTHORITY = re.compile(r"([^/?#]*)(.*)", re.DOTALL)
_PORT = re.compile(r":\d{1,5}$")
_PLACE = re.compile(r"([^/:\s]{4,253})(?::\d{1,5})?(?=[/?])")
_FILE_ENDING_WORDS = (
    "exe dll sys scr bat cmd ps1 vbs vbe js jse wsf hta jar apk lnk msi doc docx docm xls xlsx xlsm ppt pptx rtf pdf "
    "txt log csv tsv json xml html htm php asp aspx jsp png jpg jpeg gif bmp ico svg rar gz tar iso img dat bin tmp "
    "cfg ini conf yml yaml"
)
_FILE_ENDINGS = frozenset(_FILE_ENDING_WORDS.split())
"""What follows the last dot of a file's name; none of them is a name in the root of the DNS."""


def value_in(text: str) -> tuple[Kind, str] | None:
    """The kind and the refanged spelling of a word that is one value; None when it is none. Nothing is normalised."""
    word = text.strip().strip("\"'<>`,;")
    if not 3 < len(word) <= LONGEST or any(map(str.isspace, word)):
        return None
    if _HEX.fullmatch(word):
        kind = _DIGESTS.get(len(word)) or _account(word)
        return (kind, word) if kind else None
    word = _mended(refang(word))
    scheme = _SCHEME.match(word)
    return _of_scheme(word, scheme[0].lower()) if scheme else _bare(word)


def _bare(word: str) -> tuple[Kind, str] | None:
    """The same for a word without a scheme."""
    if "@" in word:
        return (Kind.EMAIL, word) if _MAIL.fullmatch(word) else None
    if word.count(":") > 1:
        return _ipv6(word)
    if place := _PLACE.match(word):
        return _network_or_page(word, place[1])
    word = _PORT.sub("", word)
    kind = _host(word) or _account(word)
    return (kind, word) if kind else None


def _account(word: str) -> Kind | None:
    """Of all words only those whose check digits hold, and numbers of autonomous systems."""
    if _SYSTEM.fullmatch(word):
        return Kind.SYSTEM
    for kind, check in _ACCOUNTS.items() if any(map(str.isdigit, word)) else ():
        with suppress(Malformed):
            check(word)
            return kind
    return None


def _mended(word: str) -> str:
    """Undo what defanging by hand leaves half done: ``http://evil[.example``, ``http://evil,example/``."""
    word = _HALF_DOT.sub(".", word)
    scheme = _SCHEME.match(word)
    if not scheme:
        return word
    host, rest = _AUTHORITY.match(word[scheme.end() :]).groups()  # type: ignore[union-attr]  # it matches anything
    if host.count(":") > 1 and _IPV6.fullmatch(host):
        host = f"[{host}]"
    elif "]" not in host:
        host = host.replace("[", "").replace(",", ".")
    return f"{scheme[0]}{host}{rest}"


def _of_scheme(word: str, scheme: str) -> tuple[Kind, str] | None:
    """A web address as it stands; of another protocol's the host alone."""
    if scheme in ("http://", "https://", "ftp://"):
        return Kind.URL, word
    host = _PORT.sub("", re.split("[/?#]", word[len(scheme) :], maxsplit=1)[0])
    kind = Kind.IPV6 if host.startswith("[") else _host(host)
    return (kind, host.strip("[]")) if kind else None


def _ipv6(word: str) -> tuple[Kind, str] | None:
    """Eight groups or a gap between some: a time of the day and an Ethernet address have neither."""
    address, _, rest = word.removeprefix("[").partition("]")
    if not _IPV6.fullmatch(address) or ("::" not in address and address.count(":") != 7):
        return None
    return (Kind.CIDR if "/" in address else Kind.IPV6, address) if not rest or rest[0] in ":/" else None


def _network_or_page(word: str, host: str) -> tuple[Kind, str] | None:
    network = _IPV4.fullmatch(word)
    if network:
        return Kind.CIDR, word
    return (Kind.URL, f"http://{word}") if _host(host) else None


def _host(word: str) -> Kind | None:
    if _IPV4.fullmatch(word):
        return Kind.IPV4
    if not _NAME.fullmatch(word) or word.rstrip(".").rpartition(".")[2].lower() in _FILE_ENDINGS:
        return None
    return Kind.DOMAIN
