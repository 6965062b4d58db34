# SPDX-License-Identifier: Apache-2.0
"""Hosts, addresses, links, mail addresses, digests, wallets and file names: the bank's go, the attacker's stay.

A host that is not the bank's is taken for the attacker's: texts about attacks name few others, and a name that stays
is what warns somebody. A mail address is taken for a customer's until something speaks for the attacker: the words
around it, its spelling (defanged), or its domain, which is the attacker's when a link or host of his stands on it.

What of a link is made for one reader (`tailored`) goes, and the rest of it stays as it is. Defanged spellings stay as
they are. What stands in a file name or the rest of a link is guarded: `tocsin.agent.redaction.narrative.marks`.
"""

import base64
import binascii
import re
from ipaddress import ip_network
from urllib.parse import unquote

from tocsin.agent.readers.extract import refang
from tocsin.agent.redaction.narrative.lists import one_of, words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import INNER_ENDINGS, Own
from tocsin.agent.redaction.narrative.whose import is_attackers
from tocsin.domain.folding import plain
from tocsin.wire.registrable import registrable

_DOT = r"(?:\.|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\sdot\s)"
_AT = r"(?:@|\s?[\[({]\s?(?:@|at)\s?[\])}]\s?|%40)"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = rf"(?:{_LABEL}{_DOT}){{1,8}}{_LABEL}"
_NOT_URL = r"\s<>\"'|⟧«»“”„\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"
_URL = re.compile(
    rf"(?<![^\W_])(?:h(?:tt|xx|\*\*)ps?|ftp|s?ftp|meow)\s?(?::|\[:\])(?://|\[//\]|\\\\)[^{_NOT_URL}]{{2,2000}}"
    rf"|(?<![\w@.\])-])(?:{_HOST})(?::\d{{2,5}})?/[^{_NOT_URL}]{{0,2000}}",
    re.IGNORECASE,
)
_URL_PARTS = re.compile(r"^(?:[a-z*]+\s?(?::|\[:\])(?://|\[//\]|\\\\))?([^/?#]*)", re.IGNORECASE)
_MAIL = re.compile(
    rf"(?<![0-9A-Za-z_.+-])([0-9A-Za-zÀ-ɏ_.+%-]{{1,64}}?){_AT}({_HOST})(?![\w-])", re.IGNORECASE
)
_NAME = re.compile(rf"(?<![\w@-])({_HOST})(?![\w@-]|\.\w)", re.IGNORECASE)
_SPACED4 = r"(?:\s?\.\s?|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?)"
_V4 = re.compile(
    rf"(?<![\w.])(\d{{1,3}}(?:{_SPACED4}\d{{1,3}}){{3}})(/\d{{1,2}}(?!\d))?(?::\d{{1,5}}(?!\d))?(?![\w]|\.\d)"
)
_V6 = re.compile(
    r"(?<![\w:.])((?=[0-9a-f:]*:[0-9a-f:]*:)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(/\d{1,3})?(?![\w:])", re.I
)
_FIXED = re.compile(
    r"(?<![0-9A-Za-z])(?:CVE-\d{4}-\d{4,7}|(?:attack\.)?T[A]?\d{4}(?:\.\d{3})?|ASN?\s?\d{1,10}|CWE-\d+|MS\d\d-\d{3}"
    r"|[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32}"
    r"|0x[0-9a-f]{40}|bc1[02-9ac-hj-np-z]{11,71}|(?:APT|FIN|TA|UNC|DEV|UAT|UTA|TAG|CL-[A-Z]{3}|Storm)-?\d{1,4}[a-z]?)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_BASE58 = re.compile(
    r"(?<![0-9A-Za-z])(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|[TLDX][1-9A-HJ-NP-Za-km-z]{33}|4[1-9A-HJ-NP-Za-km-z]{94})(?![0-9A-Za-z])"
)
_FILE = re.compile(
    rf"(?<![\w/@.-])(?:[A-Za-z]:\\|%[A-Za-z]+%\\|\\\\|/(?=[\w.-]+/)|~/)?(?:[\w.()+~$%-]{{1,80}}[\\/]){{0,12}}[\w()+~$%-][\w.()+~$%-]{{0,120}}?"
    rf"\.(?:{one_of('endings')})(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<![\w/.:-])(?:[A-Za-z]:\\|%[A-Za-z]+%\\|/(?=[\w.-]+/))[\w.()\\/%~$-]{2,200}")
_BASE64 = re.compile(r"[A-Za-z0-9+_-]{12,}={0,2}")
_PIECE = re.compile(r"[^/?&#=;]+")
_PERSONAL = words("personal_keys")
_LOOSE_NUMBER = re.compile(r"\d(?:[\d \-.+]|%20)*\d")


def find_machines(board: Board, own: Own) -> None:
    """Decide about everything that has the form of a machine's or a program's value."""
    text = board.text
    for found in _URL.finditer(text):
        _link(board, own, found.start(), _end_of(text, found.start(), found.end()))
    for found in _FIXED.finditer(text):
        board.keep(found.start(), found.end())
    for found in _BASE58.finditer(text):
        if any(map(str.isdigit, found[0][1:])):
            board.keep(found.start(), found.end())
    _mails(board, own)
    for pattern in (_V4, _V6):
        for found in pattern.finditer(text):
            _address(board, own, found)
    _files(board, own)
    for found in _NAME.finditer(text):
        _host(board, own, found.start(), found.end())
    for found in re.finditer(r"(?<![\w.-])[A-Za-z][\w]*(?:[-.][\w]+)*(?![\w-])", text):
        if own.has_machine(found[0]):
            board.hide(found.start(), found.end(), Kind.OWN_HOST, found[0].lower(), guarded=True)


def host_of_name(raw: str) -> str | None:
    """The host that a piece of text names, refanged and lower case; None when its ending is of no host."""
    host = (
        refang(re.sub(r"\s+dot\s+|\s*([\[({])\s?(?:\.|dot)\s?[\])}]\s*", ".", raw, flags=re.I))
        .replace(" ", "")
        .lower()
    )
    last = raw[-len(host.rpartition(".")[2]) :]
    if last[:1].isupper() and not last.isupper():
        return None  # the next sentence, begun without a space
    ending = host.rpartition(".")[2]
    known = ending in ("test", "example", "onion", "invalid", "i2p", "bit", *INNER_ENDINGS) or registrable(
        host
    )
    return host if known else None


def _end_of(text: str, start: int, end: int) -> int:
    """Where a link ends that a sentence goes on after."""
    while end > start and text[end - 1] in ".,;:!?)]}*_\\`—–-…":
        opener = {")": "(", "]": "[", "}": "{"}.get(text[end - 1])
        if opener and text.count(opener, start, end) >= text.count(text[end - 1], start, end):
            break
        end -= 1
    return end


def _link(board: Board, own: Own, start: int, end: int) -> None:
    text = board.text[start:end]
    head = _URL_PARTS.match(text)
    assert head is not None
    place = re.sub(r":\d+$", "", head[1].rpartition("@")[2])
    host = refang(place).lower()
    if "://" not in refang(text)[:9] and not host_of_name(place) and not re.fullmatch(r"[\d.]+", host):
        return
    if own.has_host(host) or _is_own_address(own, host):
        board.hide(start, end, Kind.OWN_HOST, host)
        return
    for piece in _PIECE.finditer(text, head.end()):
        before = text[piece.start() - 1]
        key = text[: piece.start() - 1].rpartition("&")[2].rpartition("?")[2].lower() if before == "=" else ""
        in_query = "?" in text[: piece.start()] or "#" in text[: piece.start()]
        kind = tailored(
            piece[0],
            own,
            key=key,
            in_query=in_query and (before != "?" or "=" not in text[piece.end() :][:1]),
        )
        if kind and not (before in "?&" and text[piece.end() : piece.end() + 1] == "="):
            board.hide(start + piece.start(), start + piece.end(), kind, plain(unquote(piece[0])))
    board.keep(start, start + head.end())
    board.guard(start, end)


def tailored(piece: str, own: Own, *, key: str, in_query: bool) -> Kind | None:
    """What kind of thing one segment or value of a link tells about its reader; None when it tells nothing."""
    clear = unquote(piece)
    if re.search(r"[\w.+-]+@[\w-]+\.\w", clear) or _hides_mail(clear):
        return Kind.MAIL
    if own.has_machine(clear):
        return Kind.OWN_HOST
    digits = sum(map(str.isdigit, clear))
    if in_query and digits >= 5 and (clear.isdigit() or _LOOSE_NUMBER.search(clear) or key):
        return Kind.NUMBER
    if not in_query and clear.isdigit() and digits >= 9:
        return Kind.NUMBER
    if key in _PERSONAL and len(clear) > 2 and any(map(str.isalpha, clear)) and not clear.startswith("{"):
        return Kind.PERSON
    return None


def _hides_mail(text: str) -> bool:
    """Whether base64 in a text decodes to a mail address."""
    for found in _BASE64.finditer(text):
        raw = found[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            clear = base64.b64decode(raw + "=" * (-len(raw) % 4))
        except binascii.Error:
            continue
        if re.search(rb"[\w.+-]@[\w-]+\.\w", clear):
            return True
    return False


def _mails(board: Board, own: Own) -> None:
    """Mail addresses, after all links are known: an address on a host of the attacker's is his."""
    text = board.text
    hostile = {_domain(text[a:b]) for a, b in board.kept} | {
        _domain(f[1])
        for f in _NAME.finditer(text)
        if host_of_name(f[1]) and not own.has_host(f[1]) and text[f.start() - 1 : f.start()] != "@"
    }
    for found in _MAIL.finditer(text):
        start, end = found.span()
        host = host_of_name(found[2])
        if not host or not board.is_free(start, end):
            continue
        same = f"{found[1].lower()}@{host}"
        if own.has_host(host):
            board.hide(start, end, Kind.MAIL, same)
        elif (
            (
                "@" not in found[0]
                or "[" in found[0]
                or _domain(host) in hostile - {""}
                or _bears_name(host, own)
            )
            or is_attackers(text, start, end, "mail")
            or _is_listed(board, start, end)
        ):
            board.keep(start, end)
        else:
            board.hide(start, end, Kind.MAIL, same)


def _is_listed(board: Board, start: int, end: int) -> bool:
    """Whether an address is an item of a list that holds values of the attacker's: alone on its line, among them."""
    text = board.text
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line = text[first:start] + text[end : last if last >= 0 else len(text)]
    block = text.rfind("\n\n", 0, start), text.find("\n\n", end)
    until = block[1] if block[1] >= 0 else len(text)
    others = sum(1 for at, _ in board.kept if block[0] <= at < until)
    return others >= 2 and not any(map(str.isalnum, line)) and "\n" in text[max(0, block[0]) : until]


def _domain(text: str) -> str:
    """The registered domain of a link or host; empty when it has none."""
    head = _URL_PARTS.match(text)
    host = refang(re.sub(r"\sdot\s", ".", head[1] if head else text)).lower()
    if host.rpartition(".")[2] in ("test", "invalid"):
        return ".".join(host.split(".")[-2:])
    return registrable(host) or ""


def _bears_name(host: str, own: Own) -> bool:
    """Whether a host that is not the bank's is called like it: a look-alike."""
    joined = re.sub(r"[^a-z0-9]", "", plain(host))
    return any(name in joined for name in own.names if len(name) > 4)


def _address(board: Board, own: Own, found: re.Match[str]) -> None:
    bare = refang(found[1]).replace(" ", "")
    try:
        network = ip_network(bare + (found[2] or "").strip(), strict=False)
    except ValueError:
        return
    if own.has_network(network):
        board.hide(found.start(), found.end(), Kind.OWN_ADDRESS, str(network))
    else:
        board.keep(found.start(), found.end())


def _is_own_address(own: Own, host: str) -> bool:
    try:
        return own.has_network(ip_network(host.strip("[]")))
    except ValueError:
        return False


def _files(board: Board, own: Own) -> None:
    """File names and paths. Whoever reads them finds names in them by other finders: they are guarded."""
    for pattern in (_FILE, _PATH):
        for found in pattern.finditer(board.text):
            if board.is_free(found.start(), found.end()):
                if own.has_host(found[0]):
                    board.hide(found.start(), found.end(), Kind.OWN_HOST, found[0].lower())
                else:
                    board.guard(found.start(), found.end())


def _host(board: Board, own: Own, start: int, end: int) -> None:
    host = host_of_name(board.text[start:end])
    if host is None:
        return
    if own.has_host(host):
        board.hide(start, end, Kind.OWN_HOST, host)
    else:
        board.keep(start, end)
