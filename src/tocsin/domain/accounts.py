# SPDX-License-Identifier: Apache-2.0
"""Accounts to which money goes, in normal form: IBANs and cryptocurrency addresses, each with its check digits.

>>> iban("GB82 WEST 1234 5698 7654 32")
'GB82WEST12345698765432'
>>> wallet("0x52908400098527886E0F7030069857D2E4169EE7")
'0x52908400098527886e0f7030069857d2e4169ee7'

What has no check digits of its own (an account number, a card) is not here: any number looks like one.
Sources: ISO 13616-1 and ISO 7064 (IBAN), Bitcoin's Base58Check, BIP 173 and BIP 350 (Bech32, Bech32m).
"""

import re
from hashlib import sha256

from tocsin.errors import Malformed

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_FORM = re.compile(rf"[{_BASE58}]{{26,35}}")
_BASE58_BYTES = 25
_VERSIONS = frozenset({0, 5, 22, 30, 48, 50, 65, 76})
"""First byte of an address: Bitcoin (0, 5), Dogecoin (22, 30), Litecoin (48, 50), Tron (65), Dash (76)."""
_ETHER = re.compile(r"0x[0-9a-fA-F]{40}")
_MONERO = re.compile(rf"[48][{_BASE58}]{{94}}")
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_FORM = re.compile(rf"(bc|ltc)1([{_BECH32}]{{11,87}})")
_BECH32_SUMS = frozenset({1, 0x2BC830A3})
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def iban(text: str) -> str:
    """An IBAN in capitals without blanks; Malformed when its check digits do not hold."""
    value = re.sub(r"[\s-]", "", text).upper()
    if (
        not _IBAN.fullmatch(value)
        or int("".join(str(int(one, 36)) for one in value[4:] + value[:4])) % 97 != 1
    ):
        raise Malformed(f"{text[:40]!r} is not an IBAN: its check digits do not hold.")
    return value


def wallet(text: str) -> str:
    """An address of a cryptocurrency as its network writes it; Malformed when its check digits do not hold."""
    if _ETHER.fullmatch(text):
        return text.lower()  # upper case is a check that many leave out (EIP-55)
    if _MONERO.fullmatch(text) or (_BASE58_FORM.fullmatch(text) and _holds_base58(text)):
        return text
    if (parts := _BECH32_FORM.fullmatch(text.lower())) and _holds_bech32(parts[1], parts[2]):
        return text.lower()
    raise Malformed(f"{text[:100]!r} is not the address of a known cryptocurrency.")


def _holds_base58(text: str) -> bool:
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    if number.bit_length() > _BASE58_BYTES * 8:
        return False
    data = number.to_bytes(_BASE58_BYTES)
    return data[0] in _VERSIONS and sha256(sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def _holds_bech32(prefix: str, data: str) -> bool:
    expanded = [ord(one) >> 5 for one in prefix] + [0] + [ord(one) & 31 for one in prefix]
    check = 1
    for value in expanded + [_BECH32.index(one) for one in data]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            check ^= term if top >> bit & 1 else 0
    return check in _BECH32_SUMS
