# SPDX-License-Identifier: Apache-2.0
"""The text that may leave beside the values of a disclosure: short, plain, and naming nothing that they do not tell.

What the bank knows of itself takes its own names, people and numbers out of a text: `tocsin.agent.redaction`. Here is
what anybody can check who knows only the disclosure, so that the hub asks it again:

>>> from tocsin.domain.observable import Kind, Observable
>>> told = [Observable(Kind.DOMAIN, "evil.example")]
>>> [name for _, name, _ in broken("The page stood at evil[.]example until noon.", told, lambda host: host)]
[]
>>> [name for _, name, _ in broken("It wrote to jane[@]bank[.]example at 10:42.", told, lambda host: host)]
['text-untold', 'text-time']

A text is told defanged (`defanged`), and whoever shows one does so again: a hub may be dishonest. What no rule here can
see is a story that only one victim can have lived; so no text leaves without a person.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator

from tocsin.domain.accounts import iban
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.errors import Malformed

MAX_NARRATIVE = 2_000
"""Characters of one text."""
MAX_LINES = 40

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that nobody sees."""
_JOINERS = frozenset("\u200c\u200d\n")
"""Parts of words in Persian and in the scripts of India; and what ends a line."""
_HEAPED = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4}")

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(rf"(?<![\w.-])(?:{_LABEL}\.){{1,126}}{_LABEL}(?![\w-])")
_MAIL = re.compile(rf"(?<![\w.+=-])[\w.+=-]{{1,64}}@(?:{_LABEL}\.){{1,8}}{_LABEL}")
_URL = re.compile(r"(?<![^\W_])[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s<>\"'“”„«»|]+")
_V4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?!\w|\.\d)")
_V6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:/\d{1,3})?(?![\w:])")
_ACCOUNT = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}[0-9A-Za-z -]{11,40}")
_CARD = re.compile(r"(?<![\w+])[2-6]\d(?:[ -]?\d){11,17}(?!\w)")
_CLOCK = re.compile(r"(?<![\w:.])(?:[01]?\d|2[0-3]):[0-5]\d(?!\w|:\w{3})")
_SIGN = "[€$£¥₹₽₩₺₦฿₪₫₴₱]"
_CODE = (
    "(?:AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KES|KRW|MXN|MYR|NOK|PHP|PLN|RON|RUB|SAR|SEK"
    "|SGD|THB|TRY|UAH|USD|VND|ZAR)"
)
_SUM = re.compile(
    rf"{_SIGN}\s?\d|\d\s?{_SIGN}|(?<![A-Z]){_CODE}\s?\d|\d\s?{_CODE}(?![A-Z])|(?i:\d\s?(?:euros?|dollars?|pounds?)\b)"
)

_DOTTED = re.compile(r"\s?[\[({<]\s?(?:\.|dot)\s?[\])}>]\s?", re.IGNORECASE)
_ATTED = re.compile(r"\s?[\[({<]\s?(?:@|at)\s?[\])}>]\s?", re.IGNORECASE)
_COLON = re.compile(r"[\[({](:|://|/)[\])}]")
_HTTP = re.compile(r"(?<![^\W_])h(?:xx|\*\*|tt)p(s?)(?=\s?:)", re.IGNORECASE)
_SCHEME = re.compile(r"(?<![^\W_])(?!hxxps?:)([A-Za-z][A-Za-z0-9+.-]{1,15})://")
_AT = re.compile(r"(?<!\[)@")
_UNSPACED = "\u0e00-\u0e4e\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_SEAM = re.compile(rf"(?<=[{_UNSPACED}])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[{_UNSPACED}])")
"""Where a script without spaces between words meets Latin letters."""
_RESERVED = (".example", ".test", ".invalid", ".onion")
_CLOSING = ".,;:!?)]}*…"

Registrable = Callable[[str], str | None]
"""As in `tocsin.domain.linter`."""


def check_narrative(text: str) -> str:
    """Return it if it is bounded and every character of it is seen where it stands; Malformed says what is not."""
    if not text.strip() or len(text) > MAX_NARRATIVE or text.count("\n") >= MAX_LINES:
        raise Malformed(f"A text has 1 to {MAX_NARRATIVE:,} characters in at most {MAX_LINES} lines.")
    if hidden := [
        one for one in text if one in _BLANK or (unicodedata.category(one) in _UNSEEN and one not in _JOINERS)
    ]:
        raise Malformed(f"A text holds nothing that is not seen, such as U+{ord(hidden[0]):04X}.")
    if _HEAPED.search(text):
        raise Malformed("A text heaps no marks upon a letter.")
    return text


def defanged(text: str, registrable: Registrable) -> str:
    """The text with no link, host, address or mailbox in it that a program would open; once more changes nothing."""
    text = _AT.sub("[@]", _SCHEME.sub(r"\1[:]//", _HTTP.sub(r"hxxp\1", text)))
    text = _V4.sub(lambda found: _opened(found[0]), text)
    return _HOST.sub(lambda found: _opened(found[0]) if _host(found[0], registrable) else found[0], text)


def refanged(text: str) -> str:
    """The text with hosts and addresses as a program would want them, for looking through it only."""
    plain = _COLON.sub(r"\1", _ATTED.sub("@", _DOTTED.sub(".", _seen(text))))
    return _HTTP.sub(r"http\1", plain)


def broken(
    text: str, told: Collection[Observable], registrable: Registrable
) -> Iterator[tuple[int, str, str]]:
    """Every rule that a text breaks beside these values: the line, from 1; the rule's name; a sentence."""
    for number, line in enumerate(text.split("\n"), 1):
        for name, rule in RULES:
            if sentence := rule(line, told, registrable):
                yield number, name, sentence


def live(line: str, told: Collection[Observable], registrable: Registrable) -> str | None:
    """What a program may turn into a link."""
    text = _seen(line)
    if defanged(text, registrable) != text:
        return "It holds a live link, host or mail address."
    return None


def untold(line: str, told: Collection[Observable], registrable: Registrable) -> str | None:
    """Whatever has the form of a value is told as a value too: so no victim's address stands in it."""
    text = refanged(line)
    hosts = frozenset(filter(None, map(host_of, told)))
    for pattern, is_told in ((_URL, _is_told_url), (_MAIL, _is_told_mail)):
        for found in pattern.finditer(text):
            if not is_told(found[0].rstrip(_CLOSING), told, hosts):
                return "It names an address that is none of the report's values."
        text = pattern.sub(" ", text)
    names = {one.value for one in told if one.kind is Kind.FILE_NAME}
    for found in _HOST.finditer(text):
        host = "" if _begins_a_sentence(found[0]) or found[0] in names else _host(found[0], registrable)
        if host and host not in hosts and not any(one.endswith(f".{host}") for one in hosts):
            return "It names a host, or what reads like one, that is none of the report's values."
    values = {one.value for one in told} | hosts
    if any(address not in values for address in _addresses(text)):
        return "It names an IP address or network that is none of the report's values."
    return None


def account(line: str, told: Collection[Observable], registrable: Registrable) -> str | None:
    """Accounts and cards: the attacker's account is told as a value, a card is always somebody's."""
    text = _seen(line)
    values = {one.value for one in told if one.kind is Kind.IBAN}
    if any(one not in values for found in _ACCOUNT.findall(text) for one in _accounts(found)):
        return "It names an account that is none of the report's values."
    if any(map(_is_card, _CARD.findall(text))):
        return "It names the number of a card."
    return None


def moment(line: str, told: Collection[Observable], registrable: Registrable) -> str | None:
    """The finest time that a disclosure tells is a day."""
    return "It tells the time of a day: a payment is found by it." if _CLOCK.search(_seen(line)) else None


def money(line: str, told: Collection[Observable], registrable: Registrable) -> str | None:
    """A sum finds its payment."""
    return (
        "It tells a sum: say how large it was, as [some thousand EUR]." if _SUM.search(_seen(line)) else None
    )


RULES: tuple[tuple[str, Callable[[str, Collection[Observable], Registrable], str | None]], ...] = (
    ("text-live", live),
    ("text-untold", untold),
    ("text-account", account),
    ("text-time", moment),
    ("text-sum", money),
)
"""In the order in which they are asked of each line."""


def _is_told_url(raw: str, told: Collection[Observable], hosts: Collection[str]) -> bool:
    """Whether a link is told byte for byte, or leads to nothing but the front page of a host that is."""
    try:
        found = normalise(Kind.URL, raw)
    except Malformed:
        return False
    return found in told or (found.value.endswith(f"{host_of(found)}/") and host_of(found) in hosts)


def _is_told_mail(raw: str, told: Collection[Observable], hosts: Collection[str]) -> bool:
    try:
        return normalise(Kind.EMAIL, raw) in told
    except Malformed:
        return False


def _seen(text: str) -> str:
    """The text in compatible forms, with a space where scripts meet."""
    return _SEAM.sub(" ", unicodedata.normalize("NFKC", text))


def _opened(raw: str) -> str:
    return raw.replace(".", "[.]")


def _host(raw: str, registrable: Registrable) -> str:
    """The host that a piece of text names; empty when nobody can have registered it."""
    try:
        host = normalise(Kind.DOMAIN, raw).value
    except Malformed:
        return ""
    return host if host.endswith(_RESERVED) or registrable(host) else ""


def _begins_a_sentence(raw: str) -> bool:
    """Whether behind its last dot stands a word that begins one: ``it was gone.In the evening``."""
    ending = raw.rpartition(".")[2]
    return ending[:1].isupper() and not ending.isupper()


def _addresses(text: str) -> Iterator[str]:
    """IP addresses and networks in a text, in normal form; what only looks like one is none."""
    for pattern, kind in ((_V4, Kind.IPV4), (_V6, Kind.IPV6)):
        for found in pattern.findall(text):
            try:
                yield normalise(Kind.CIDR if "/" in found else kind, found).value
            except Malformed:
                continue


def _accounts(run: str) -> Iterator[str]:
    """The account that a run of letters and digits begins with; words may follow it."""
    whole = ""
    for group in re.split("[ -]", run):
        whole += group
        try:
            yield iban(whole)
        except Malformed:
            continue


def _is_card(text: str) -> bool:
    """ISO/IEC 7812-1, annex B: the sum of the digits, every second from the right doubled, ends in 0."""
    digits = [int(one) for one in text if one.isdigit()][::-1]
    doubled = (2 * one - 9 * (one > 4) for one in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
