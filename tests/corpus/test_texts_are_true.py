# SPDX-License-Identifier: Apache-2.0
"""The corpus of texts is well formed: places, check digits, counts, and nothing of the bank marked as an attacker's."""

import base64
import re
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from itertools import pairwise

import pytest
from stdnum import bitcoin, iban, luhn
from tests.corpus.texts import DEVELOPED, FOLDER, HELD_OUT, Bank, Span, Text, banks, texts
from tests.sweep import sweep

ALL = list(texts())
FOLDERS = (*DEVELOPED, HELD_OUT)
EVERY = [text for folder in FOLDERS for text in texts(folder)]
KNOWN = {folder: banks(folder) for folder in FOLDERS}
BANK_OF = {text.id: KNOWN[folder].get(text.bank) for folder in FOLDERS for text in texts(folder)}
"""The bank of each text; two folders may call two banks the same."""

LEAST_TEXTS = 240
LEAST_ENGLISH = 90
LEAST_OTHER = 5
OTHERS = (
    {"de"},
    {"fr"},
    {"es"},
    {"it"},
    {"pt"},
    {"nl"},
    {"pl"},
    {"et", "fi"},
    {"tr"},
    {"el"},
    {"ru", "uk"},
    {"ar", "he"},
    {"ja"},
    {"zh"},
    {"ko"},
    {"hi"},
)

OFTEN, SOMETIMES = 50, 25
HIDE = {
    **dict.fromkeys(("person", "account", "customer-mail", "phone", "own-name"), OFTEN),
    **dict.fromkeys(("own-domain", "own-address", "internal-host", "card", "national-id"), SOMETIMES),
    **dict.fromkeys(("postal-address", "case-number"), SOMETIMES),
}
KEEP = {
    **dict.fromkeys(("domain", "url"), OFTEN),
    **dict.fromkeys(("ip", "mail", "hash", "cve", "technique", "file", "account", "wallet"), SOMETIMES),
    **dict.fromkeys(("asn", "lookalike", "malware", "phone", "subject"), SOMETIMES),
}
COARSEN = {"amount": SOMETIMES, "moment": SOMETIMES}

each_text = sweep(EVERY, lambda text: text.id)


@each_text
def test_a_span_is_where_it_says(text: Text) -> None:
    assert [text.text[span.start : span.end] for span in text.spans()] == [
        span.value for span in text.spans()
    ]
    assert all(span.value.strip() == span.value != "" for span in text.spans())


@each_text
def test_no_span_lies_over_another(text: Text) -> None:
    assert all(before.end <= after.start for before, after in pairwise(text.spans()))


@each_text
def test_a_text_is_of_a_known_bank_and_of_known_kinds(text: Text) -> None:
    assert BANK_OF[text.id] is not None
    assert {span.kind for span in text.hide} <= HIDE.keys()
    assert {span.kind for span in text.keep} <= KEEP.keys()
    assert {span.kind for span in text.coarsen} <= COARSEN.keys()


@each_text
def test_what_is_hidden_is_not_also_kept(text: Text) -> None:
    assert not {span.value for span in text.hide} & {span.value for span in text.keep}


def test_ids_and_texts_are_unique() -> None:
    assert len(BANK_OF) == len(EVERY) == len({text.text for text in EVERY}) >= LEAST_TEXTS


def test_every_language_has_its_share() -> None:
    count = Counter(text.language for text in ALL)
    assert count.keys() == set().union({"en"}, *OTHERS)
    assert count["en"] >= LEAST_ENGLISH
    assert all(sum(count[language] for language in group) >= LEAST_OTHER for group in OTHERS)


@pytest.mark.parametrize(
    ("column", "least"),
    [("hide", HIDE), ("keep", KEEP), ("coarsen", COARSEN)],
    ids=lambda value: str(value)[:7],
)
def test_every_kind_has_its_share(column: str, least: dict[str, int]) -> None:
    count = _count(getattr(text, column) for text in ALL)
    assert {kind: count[kind] for kind in least if count[kind] < least[kind]} == {}


def test_some_texts_hold_nothing_to_hide_and_some_nothing_to_keep() -> None:
    assert sum(not text.spans() for text in ALL) >= 10
    assert sum(bool(text.hide) and not text.keep for text in ALL) >= 10
    assert sum(bool(text.keep) and not text.hide for text in ALL) >= 5


def test_the_page_beside_them_counts_them_right() -> None:
    said = re.findall(r"^\| `([a-z-]+)` .*\| (\d+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    spans = [
        _count(text.hide for text in ALL),
        _count(text.keep for text in ALL),
        _count(text.coarsen for text in ALL),
    ]
    found = [*spans, Counter(text.language for text in ALL)]
    assert sorted(said) == sorted((name, str(count)) for counter in found for name, count in counter.items())


def test_check_digits_hold() -> None:
    accounts = [re.sub(r"\s", "", span.value) for span in _every("account")]
    international = [account for account in accounts if re.match(r"[A-Z]{2}\d\d", account)]
    assert len(international) >= OFTEN
    assert [account for account in international if not iban.is_valid(account)] == []
    assert [
        span.value for span in _every("card") if not luhn.is_valid(re.sub(r"[\s-]", "", span.value))
    ] == []
    coins = [span.value for span in _every("wallet") if re.match(r"bc1|[13]", span.value)]
    assert len(coins) >= 10
    assert [coin for coin in coins if not bitcoin.is_valid(coin)] == []


@each_text
def test_own_addresses_and_domains_are_declared(text: Text) -> None:
    bank = BANK_OF[text.id]
    assert bank is not None
    assert [span.value for span in text.hide if span.kind == "own-address" and not _inside(span, bank)] == []
    assert [
        span.value for span in text.hide if span.kind == "own-domain" and not _below(span.value, bank)
    ] == []


@each_text
def test_nothing_kept_is_the_banks_own(text: Text) -> None:
    bank = BANK_OF[text.id]
    assert bank is not None
    assert [span for span in text.keep if span.kind == "ip" and _inside(span, bank)] == []
    names = [span for span in text.keep if span.kind in {"domain", "lookalike"}]
    assert [span for span in names if _below(span.value, bank)] == []
    assert [span for span in text.keep if span.kind == "account" and _issued(span, bank)] == []


@each_text
def test_a_hidden_mail_address_is_one(text: Text) -> None:
    for span in text.hide:
        if span.kind == "customer-mail":
            assert re.search(r"@|%(25)?40", span.value) or b"@" in base64.urlsafe_b64decode(span.value + "==")


def _count(columns: Iterable[tuple[Span, ...]]) -> Counter[str]:
    return Counter(span.kind for column in columns for span in column)


def _every(kind: str) -> list[Span]:
    return [span for text in ALL for span in (*text.hide, *text.keep) if span.kind == kind]


def _inside(span: Span, bank: Bank) -> bool:
    """Whether an address is in a bank's networks. Defanged and spaced forms count; a network counts by its first."""
    plain = re.sub(r"[\[\]\s]", "", span.value).split("/")[0]
    return any(ip_address(plain) in ip_network(network) for network in bank.networks)


def _below(name: str, bank: Bank) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in bank.domains)


def _issued(span: Span, bank: Bank) -> bool:
    plain = re.sub(r"\s", "", span.value)
    return any(re.match(prefix.replace("?", r"\d"), plain) for prefix in bank.iban)
