# SPDX-License-Identifier: Apache-2.0
"""Hosts, addresses, digests, wallets, catalogue numbers and file names: the bank's go, the attacker's stay.

A host that is not the bank's is taken for the attacker's: texts about attacks name few others, and a name that stays
is what warns somebody. Defanged spellings stay as they are. What stands in a file name is guarded:
`tocsin.agent.redaction.narrative.marks`.
"""

import re
from ipaddress import ip_network

from tocsin.agent.readers.extract import refang
from tocsin.agent.redaction.narrative.hosts import HOST_NAME, host_of_name
from tocsin.agent.redaction.narrative.links import find_links
from tocsin.agent.redaction.narrative.lists import one_of
from tocsin.agent.redaction.narrative.mailboxes import find_mailboxes
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.agent.redaction.narrative.whose import Whose

_SPACED4 = r"(?:\s?\.\s?|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?)"
_V4 = re.compile(
    rf"(?<![\w.])(\d{{1,3}}(?:{_SPACED4}\d{{1,3}}){{3}})(/\d{{1,2}}(?!\d))?(?::\d{{1,5}}(?!\d))?(?![\w]|\.\d)"
)
_V6 = re.compile(
    r"(?<![\w:.])((?=[0-9a-f:]{0,40}:[0-9a-f:]{0,40}:)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(/\d{1,3})?(?![\w:])",
    re.IGNORECASE,
)
_FIXED = re.compile(
    r"(?<![0-9A-Za-z])(?:CVE[-‐‑–]\d{4}[-‐‑–]\d{4,7}|(?:attack\.)?TA?\d{4}(?:[./]\d{3})?|(?-i:ASN?)[:#]?\s?\d{1,10}"
    r"|(?:CWE|CAPEC)-\d+|MS\d\d-\d{3}|(?-i:[GS][01]\d{3})"
    r"|[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32}|(?:[0-9a-f]{2}:){15,31}[0-9a-f]{2}"
    r"|0x(?:[0-9a-f]{40}|[0-9a-f]{64})|(?:bc|ltc|addr|bnb|cosmos)1[02-9ac-hj-np-z]{11,100}"
    r"|(?:APT|FIN|TA|UNC|DEV|UAC|UAT|UTA|TAG|CL-[A-Z]{3}|Storm)-?\d{1,4}[a-z]?)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_BASE58 = re.compile(
    r"(?<![0-9A-Za-z])(?=[A-Za-z]*\d)(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|[TLDX][1-9A-HJ-NP-Za-km-z]{33}"
    r"|[48][1-9A-HJ-NP-Za-km-z]{94}|r[1-9A-HJ-NP-Za-km-z]{24,34}|[1-9A-HJ-NP-Za-km-z]{43,44})(?![0-9A-Za-z])"
)
_SIGN = r"\w\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Letters with the vowel signs that are none by themselves, from Arabic to Khmer."""
_FILE = re.compile(
    rf"(?<![{_SIGN}/@.-])(?:[A-Za-z]:\\|%[A-Za-z]+%\\|\\\\|/(?=[\w.-]+/)|~/)?(?:[{_SIGN}.()+~$%-]{{1,80}}[\\/]){{0,12}}"
    rf"[{_SIGN}()+~$%-][{_SIGN}.()+~$%-]{{0,120}}?\.(?:{one_of('endings')})(?![0-9A-Za-z_@-]|\.\w)",
    re.IGNORECASE,
)
_QUOTED_FILE = re.compile(
    rf"(?<=[\"“”„«‹「『`])[^\s\"“”„«»‹›「」『』`<>|*?][^\n\"“”„«»‹›「」『』`<>|*?]{{1,120}}?\.(?:{one_of('endings')})"
    r"(?=[\"“”»›」』`])",
    re.IGNORECASE,
)
"""A file whose name has spaces, as quotation marks tell."""
_PATH = re.compile(r"(?<![\w/.:-])(?:[A-Za-z]:\\|%[A-Za-z]+%\\|/(?=[\w.-]{1,80}/))[\w.()\\/%~$-]{2,200}")
_MACHINE = re.compile(r"(?<![\w.-])[A-Za-z]\w*(?:[-.]\w+)*(?![\w-]|/\d)")


def find_machines(board: Board, own: Own, whose: Whose) -> None:
    """Decide about everything that has the form of a machine's or a program's value."""
    find_links(board, own)
    for pattern in (_FIXED, _BASE58):
        for found in pattern.finditer(board.bare):
            board.keep(found.start(), found.end())
    find_mailboxes(board, own, whose)
    for pattern in (_V4, _V6):
        for found in pattern.finditer(board.bare):
            _address(board, own, found)
    for pattern in (_QUOTED_FILE, _FILE, _PATH):
        for found in pattern.finditer(board.filled):
            _file(board, own, found.start(), found.end())
    for found in HOST_NAME.finditer(board.bare):
        _host(board, own, found.start(), found.end())
    siblings = _siblings(board)
    for found in _MACHINE.finditer(board.bare):
        if own.has_machine(found[0]) or (siblings and siblings.fullmatch(found[0])):
            board.hide(found.start(), found.end(), Kind.OWN_HOST, found[0].lower(), guarded=True)


def _siblings(board: Board) -> re.Pattern[str] | None:
    """The bank's machines that the text names without their domain, and those that differ in their number only."""
    hosts = {mark.same.partition(".")[0] for mark in board.marks if mark.kind is Kind.OWN_HOST}
    shapes = {re.sub(r"\d+", r"\\d+", re.escape(host)) for host in hosts if re.search(r"[a-z].*\d", host)}
    return re.compile("|".join(sorted(shapes)), re.IGNORECASE) if shapes else None


def _address(board: Board, own: Own, found: re.Match[str]) -> None:
    bare = refang(found[1]).replace(" ", "")
    try:
        network = ip_network(bare + (found[2] or ""), strict=False)
    except ValueError:
        return
    if own.has_network(network):
        board.hide(found.start(), found.end(), Kind.OWN_ADDRESS, str(network))
    else:
        board.keep(found.start(), found.end())


def _file(board: Board, own: Own, start: int, end: int) -> None:
    """A file's name or path; whoever is found elsewhere is still found in it."""
    name = board.text[start:end]
    if own.has_host(name):
        board.hide(start, end, Kind.OWN_HOST, name.lower())
    else:
        board.guard(start, end)


def _host(board: Board, own: Own, start: int, end: int) -> None:
    host = host_of_name(board.text[start:end])
    if host is None:
        return
    if own.has_host(host):
        board.hide(start, end, Kind.OWN_HOST, host)
    else:
        board.keep(start, end)
