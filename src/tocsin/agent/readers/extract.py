# SPDX-License-Identifier: Apache-2.0
"""Values in running text: URLs, mail addresses and what analysts have defanged.

Defanged spellings (``hxxp``, ``[.]``, ``(dot)``, ``[at]``) are read as what they stand for. A bare word with a dot is
taken for a host only when it was defanged: somebody meant it. Every expression here is linear in the text, so that no
body can make it slow. Nothing is judged here and nothing is put in normal form; see `tocsin.domain.observable`.

>>> refang("hxxps://login[.]evil(dot)example/a")
'https://login.evil.example/a'
"""

import re
from collections.abc import Iterator

from tocsin.domain.observable import Kind

_DOT = re.compile(r"[\[({]\s?(?:\.|dot)\s?[\])}]", re.IGNORECASE)
_AT = re.compile(r"[\[({]\s?(?:@|at)\s?[\])}]", re.IGNORECASE)
# Most texts hold nothing that was defanged: these are found faster, and where they are not, nothing was.
_IN_BRACKETS = re.compile(r"[\[({](?i:\s?(?:\.|dot|@|at|:|/))")
_COLON = re.compile(r"\[(:|://|/)\]")
# An expression that begins with a class of letters is fast, for the search passes over all others; under IGNORECASE it
# is not. So what must stand before the first letter is looked for behind it, and the case of the rest is ignored apart.
_SCHEME = re.compile(r"[hHmM](?<![A-Za-z0-9].)(?i:(?<=h)(?:xxp|\*\*p|txp|xtp)|(?<=m)eow)([sS]?)(?=\s?:)")
_SCHEME_END = re.compile(r":(?<=[pPwW]:)|:(?<=[pPwW][sS]:)|:(?<=[pPwW]\s:)|:(?<=[pPwW][sS]\s:)")
_DEFANGED_HOST = re.compile(
    r"(?<![\w@./\])}-])(?:[\w-]{1,63}\.){0,8}[\w-]{1,63}[\[({](?:\.|dot)[\])}]"
    r"[\w-]{1,63}(?:(?:\.|[\[({](?:\.|dot)[\])}])[\w-]{1,63}){0,8}(?![\w@-])",
    re.IGNORECASE,
)
_WEB_MARKS = ("://", "ww.", "WW.", "Ww.", "wW.")
_NOT_IN_URL = r"\s<>\"\x00-\x20\x7f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"
_URL = re.compile(
    r"[hHfFwW](?:(?<![A-Za-z0-9].)(?i:(?<=h)ttps?|(?<=f)tp)://|(?<![\w./@-].)(?i:(?<=w)ww\.))"
    rf"[^{_NOT_IN_URL}]{{1,4000}}",
)
_AT_HOST = re.compile(r"@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}(?![\w-])", re.ASCII)
_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-"
_MAX_LOCAL = 64
_HEX = "[0-9a-fA-F]"
_DIGEST = re.compile(
    rf"{_HEX}(?<![\w/=-].){_HEX}{{31}}(?:{_HEX}{{8}}(?:{_HEX}{{24}}(?:{_HEX}{{64}})?)?)?(?![\w/=-])", re.ASCII
)
_DIGEST_KINDS = {128: Kind.SHA512, 64: Kind.SHA256, 40: Kind.SHA1, 32: Kind.MD5}
_IPV4 = re.compile(r"(?<![\w./-])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w/-]|\.\d)", re.ASCII)
# Many more words look so than are accounts: whoever takes them asks for the check digits.
_IBAN = re.compile(
    r"[A-Z](?<![A-Za-z0-9].)[A-Z]\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
_WALLET = re.compile(
    r"[0bl13LMDTX48](?<![A-Za-z0-9].)(?:(?<=0)x[0-9a-fA-F]{40}|(?<=b)c1[a-z0-9]{11,87}|(?<=l)tc1[a-z0-9]{11,87}"
    r"|(?<![0bl])[1-9A-HJ-NP-Za-km-z]{25,94})"
    r"(?![A-Za-z0-9])"
)
# Written without a blank: "AS 400" is a computer, and "as 200 people" none.
_SYSTEM = re.compile(r"AS(?<![\w.-]..)(?:(?=[0-9]{3})|N[ :#]{0,2})[0-9]{1,10}(?![\w-]|\.[0-9])", re.ASCII)
_NO_SYSTEM = "AS400"
"""A computer in every second bank, written like a number that some network in Europe has."""
_CALLED = r"(?:\s?[/-]?\s?(?:BIC|SWIFT|[Cc]ode)){0,2}\s?[:=#]?\s?"
_BANK = re.compile(
    rf"(?:B(?<!\w.)IC{_CALLED}|S(?<!\w.)WIFT{_CALLED}|:5[0-9][AD]:)([A-Z]{{6}}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?)(?![\w-])",
    re.ASCII,
)
_ISSUER = re.compile(r"\bBINs?\s?[:=#]?\s?([0-9]{8}|[0-9]{6})(?![\w-]|[ .][0-9])", re.ASCII)
_FILE_ENDINGS = (
    "exe dll sys scr bat cmd ps1 psm1 vbs vbe js jse wsf hta jar apk lnk msi msix cab cpl ocx doc docx docm dotm xls "
    "xlsx xlsm xlsb xll ppt pptx rtf pdf one txt log csv xml html htm shtml svg php asp aspx jsp zip rar 7z gz tar iso "
    "img vhd vhdx dat bin tmp cfg ini conf elf ko"
)
_FILE = re.compile(
    r"[\w$~{(](?<![\w.@:?=&%$~{(-].)[\w.$~{}()-]{0,120}\.(?i:"
    + "|".join(_FILE_ENDINGS.split())
    + r")(?![\w-]|\.\w)",
    re.ASCII,
)
"""A word with the ending of a file; such with blanks cannot be told from the words before it."""
_SHAPES = b" " * 48 + b"0" * 10 + b" " * 7 + b"A" * 26 + b" " * 6 + b"a" * 26 + b" " * 133
"""Digits, capitals and small letters of ASCII as one sign for each, all else as a blank."""
_AS_WORDS = bytes.maketrans(b"A0", b"aa")
_WORDS = _SHAPES.translate(_AS_WORDS)
"""The same with one sign for all three."""
_SHORTEST_DIGEST = 32
_SHORTEST_WALLET = 26
_WALLET_MARKS = ("bc1", "ltc1")
"""How those begin that may be shorter."""
_IBAN_SHAPE = re.compile(rb"AA00(?: ?[A0]{2,4}){3}")
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def refang(text: str) -> str:
    """The same text with defanged URLs, hosts and addresses as they were before."""
    if _is_bracketed(text):
        text = _COLON.sub(r"\1", _AT.sub("@", _DOT.sub(".", text)))
    return _SCHEME.sub(r"http\1", text) if _SCHEME_END.search(text) else text


def urls_in(text: str) -> Iterator[str]:
    """Every URL in refanged text, without the punctuation of the sentence around it; ``www.`` counts as http."""
    if not any(mark in text for mark in _WEB_MARKS):
        return
    for match in _URL.finditer(text):
        url = _without_sentence(match[0])
        yield url if "://" in url[:8] else f"http://{url}"


def defanged_hosts_in(text: str, refanged: str) -> Iterator[tuple[Kind, str]]:
    """The hosts that stand defanged in a text as it was written, with what each looks like.

    `refanged` is what `refang` makes of it.
    """
    for match in _DEFANGED_HOST.finditer(text) if text != refanged else ():
        host = refang(match[0])
        yield Kind.IPV4 if host.replace(".", "").isdigit() else Kind.DOMAIN, host


def mentions_in(text: str) -> Iterator[tuple[Kind, str]]:
    """Mail addresses and digests in refanged text, with what each looks like."""
    for mail in _mails_in(text):
        yield Kind.EMAIL, mail.strip(".+-")
    for match in _DIGEST.finditer(text) if b"a" * _SHORTEST_DIGEST in _outline(text, _WORDS) else ():
        yield _DIGEST_KINDS[len(match[0])], match[0]


def accounts_in(text: str) -> Iterator[tuple[Kind, str]]:
    """What may be an IBAN or a cryptocurrency address; normalising tells, by their check digits, which are."""
    shapes = _outline(text, _SHAPES)
    for match in _IBAN.finditer(text) if _IBAN_SHAPE.search(shapes) else ():
        yield Kind.IBAN, match[0]
    is_long = b"a" * _SHORTEST_WALLET in shapes.translate(_AS_WORDS)
    for match in _WALLET.finditer(text) if is_long or any(mark in text for mark in _WALLET_MARKS) else ():
        yield Kind.WALLET, match[0]


def around_in(text: str) -> Iterator[tuple[Kind, str]]:
    """Autonomous systems, and the codes of banks and card issuers where a text says that they are."""
    if "AS" in text:
        yield from ((Kind.SYSTEM, one) for one in _SYSTEM.findall(text) if one != _NO_SYSTEM)
    if "BIC" in text or "SWIFT" in text or ":5" in text:
        yield from ((Kind.BIC, one) for one in _BANK.findall(text))
    if "BIN" in text:
        yield from ((Kind.BIN, one) for one in _ISSUER.findall(text))


def files_in(text: str) -> Iterator[str]:
    """Names of files in running text, without their folders; a page at the end of a URL looks the same."""
    return (match[0] for match in _FILE.finditer(text))


def addresses_in(text: str) -> Iterator[tuple[Kind, str]]:
    """IPv4 addresses and networks that stand alone in text; a version number of four parts looks the same."""
    for match in _IPV4.finditer(text):
        yield Kind.CIDR if "/" in match[0] else Kind.IPV4, match[0]


def _is_bracketed(text: str) -> bool:
    """Whether what stands in brackets may be a defanged sign."""
    return any(mark in text for mark in "[({") and _IN_BRACKETS.search(text) is not None


def _outline(text: str, table: bytes) -> bytes:
    """A text letter by letter as one of the tables has it: what it cannot hold is seen there faster than in itself."""
    return text.encode("latin-1", "replace").translate(table)


def _mails_in(text: str) -> Iterator[str]:
    """Each ``local@host.name``, found by its sign, before which the local part is as long as its letters reach."""
    end = 0
    for match in _AT_HOST.finditer(text):
        sign = match.start()
        near = max(0, sign - _MAX_LOCAL - 1)
        start = near + len(text[near:sign].rstrip(_LOCAL))
        if max(end, sign - _MAX_LOCAL) <= start < sign:
            end = match.end()
            yield text[start:end]


def _without_sentence(url: str) -> str:
    """Cut what ends the sentence and not the URL: full stops, quotes, a bracket that was opened before it."""
    while url:
        last = url[-1]
        if last in _CLOSERS and url.count(_CLOSERS[last]) >= url.count(last):
            return url
        if last not in _CLOSERS and last not in ".,;:!?'`*_|\\":
            return url
        url = url[:-1]
    return url
