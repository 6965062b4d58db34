# SPDX-License-Identifier: Apache-2.0
r"""What stands around an attack, in normal form: autonomous systems, names of files, codes of banks and card issuers.

>>> autonomous_system("asn 1.10")
'AS65546'
>>> file_name("C:\\Users\\Public\\Invoice.PDF.exe")
'invoice.pdf.exe'
>>> bank_code("harrgb2lxxx")
'HARRGB2L'

None of them is the attack itself, and all have bystanders: the hoster's other customers, other files of that name,
the bank where a mule has its account. Sources: RFC 5396 (ways to write an autonomous system's number), ISO 9362 (BIC),
ISO/IEC 7812-1 (issuer identification number: the first six, since 2017 eight digits of a card).
"""

import re
import unicodedata

from tocsin.errors import Malformed

MAX_NAME = 255
"""Characters of a file's name; no common file system takes more."""
_SYSTEM = re.compile(r"(?:ASN?\s?)?([0-9]{1,10})(?:\.([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
_BANK = re.compile(r"([A-Z]{6}[A-Z0-9]{2})([A-Z0-9]{3})?")
_HEAD_OFFICE = "X" * 3
_ISSUER = re.compile(r"[0-9]{6}(?:[0-9]{2})?", re.ASCII)
_FOLDER = re.compile(r".*[/\\]", re.DOTALL)
_NOT_IN_A_NAME = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f]')


def autonomous_system(text: str) -> str:
    """``AS`` and the number; the two halves of the old way (``1.10``) are put together. Malformed when it is none."""
    found = _SYSTEM.fullmatch(text.strip())
    if found:
        high, low = (0, int(found[1])) if found[2] is None else (int(found[1]), int(found[2]))
        if high < 1 << 16 and low < 1 << (32 if found[2] is None else 16):
            return f"AS{high << 16 | low}"
    raise Malformed(f"{text[:40]!r} is not the number of an autonomous system.")


def file_name(text: str) -> str:
    r"""The name without its folders, which may name a user; Malformed when none is left or no file could bear it.

    In lower case, as most mail gateways and Windows compare names, and without signs that are not seen: one that turns
    the direction of writing hides an ending from a person (``invoice\u202efdp.exe`` looks like ``invoiceexe.pdf``).
    """
    last = unicodedata.normalize("NFC", _FOLDER.sub("", text.strip())).lower()
    name = "".join(sign for sign in last if unicodedata.category(sign) != "Cf")
    name = unicodedata.normalize("NFC", name).strip(" .")
    if not name or len(name) > MAX_NAME or _NOT_IN_A_NAME.search(name):
        raise Malformed(f"{text[:80]!r} is not the name of a file.")
    return name


def bank_code(text: str) -> str:
    """A BIC in capitals, without the branch when that says head office; Malformed when it has not the form of one."""
    found = _BANK.fullmatch(text.strip().upper())
    if not found:
        raise Malformed(f"{text[:40]!r} is not a BIC of 8 or 11 characters.")
    return found[1] if found[2] in (None, _HEAD_OFFICE) else found[0]


def issuer_number(text: str) -> str:
    """The six or eight digits with which an issuer's cards begin; Malformed when they are not."""
    value = re.sub(r"[\s-]", "", text)
    if not _ISSUER.fullmatch(value):
        raise Malformed(f"{text[:40]!r} is not the six or eight digits with which cards begin.")
    return value


def is_private_system(name: str) -> bool:
    """Whether the number in a normal form is nobody's on the Internet: for private use or kept free.

    Those for documentation are not: demonstrations and tests are made of them. RFC 6996, 7607, 7300, 6793, 5398.
    """
    number = int(name[2:])
    return number in (0, 23_456) or 64_512 <= number < 65_536 or number >= 4_200_000_000
