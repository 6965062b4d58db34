# SPDX-License-Identifier: Apache-2.0
"""To whom the mails of the corpus were sent, as secrets for `leak_checker`. Knows nothing of the product.

Names and addresses come from the mails themselves, since none may stand in this tree: recipients' fields by the
standard library's own readers, and two words or more with capitals behind a greeting in the text.
"""

import html
import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from tests.corpus.leak_checker import PROVIDERS, Secrets

_FIELDS = (
    "to",
    "cc",
    "bcc",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "apparently-to",
)
_WORDS_FOR_ALL = (
    "undisclosed recipients recipient customers customer support list team group user users info noreply reply help "
    "service admin webmaster phishing phish pot redacted mailing members member client cliente kunde mail email "
    "security account exodus ledger trust wallet updates linux dear valued"
)
_NOBODY = frozenset(_WORDS_FOR_ALL.split())
"""Words that stand in recipients' fields and greetings and are nobody's name."""
_GREETED = re.compile(
    r"(?:Dear|Hello|Hi|Prezad[oa](?:\(a\))?|Ol[áa]|Car[oa]|Cliente:|Sehr geehrte[rs]?|Hallo|Bonjour|Estimad[oa]),?\s+"
    r"((?:[A-ZÀ-Ý][A-Za-zÀ-ÿ]+\s+){1,3}[A-ZÀ-Ý][A-Za-zÀ-ÿ]+)\s*[,!:]"
)
_TAG = re.compile(r"<(?:style|script).*?</(?:style|script)>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def secrets_of(mail: bytes) -> Secrets:
    """The names and addresses of everybody that a mail, or a mail inside it, was sent to."""
    names: set[str] = set()
    for part in message_from_bytes(mail, policy=compat32).walk():
        for display, address in getaddresses(_values(part)):
            local, _, domain = address.lower().partition("@")
            names |= {_words(display), _words(local), *_words(display).split(), *_words(local).split()}
            if domain and domain not in PROVIDERS:
                names.add(_words(address))
        if part.get_content_maintype() == "text":
            names.update(map(_words, _GREETED.findall(_text(part))))
    return Secrets(tuple(sorted(name for name in names if _is_somebody(name))), ())


def _values(part: "Message[str, str]") -> list[str]:
    values = [str(value) for name, value in part.raw_items() if name.lower() in _FIELDS]
    decoded = []
    for value in values:
        try:
            decoded.append(str(make_header(decode_header(value))))
        except (ValueError, LookupError):
            decoded.append(value)
    return decoded


def _text(part: "Message[str, str]") -> str:
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split()) if "<" in text else text


def _words(text: str) -> str:
    return " ".join(word for word in re.split(r"[\W_]+", text.lower()) if word)


def _is_somebody(name: str) -> bool:
    """Whether it would tell somebody: not words for everybody alone, and no number or piece of one."""
    words = name.split()
    return sum(map(str.isalpha, name)) > 3 and not set(words) <= _NOBODY
