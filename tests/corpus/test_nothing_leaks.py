# SPDX-License-Identifier: Apache-2.0
"""What would leave about real phishing does not tell which bank it was, and still stops the attack.

For each mail of `phish_bank` stands an agent that knows the legal name and one domain of the bank whose brand the mail
abuses, nothing else. `leak_checker` knows the names and the genuine domains; it shares no list and no code with the
product. `labels.csv` and `facts.csv` say which mail abuses whom.
"""

import base64
import random
import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.corpus.banks import SECRETS, attackers_hosts, rows
from tests.corpus.drafts import agent_of, draft_of, drafts, readings, sent
from tests.corpus.leak_checker import leaks_in

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import host_of

pytestmark = [pytest.mark.corpus, pytest.mark.processes]


def test_no_disclosure_of_real_phishing_tells_which_bank_it_was(data_dir: Path) -> None:
    found = [
        (name, leak)
        for name, brand, draft in drafts(data_dir, "phish_bank")
        if draft
        for leak in leaks_in(sent(draft.disclosure), SECRETS[brand])
    ]
    assert not found, f"{len(found)} leaks, first: {found[:5]}"


def test_the_genuine_hosts_that_the_labels_name_never_leave(data_dir: Path) -> None:
    genuine = {row["file"]: row["genuine_domains_in_body"] for row in rows(data_dir / "mail/facts.csv")}
    for name, _, draft in drafts(data_dir, "phish_bank"):
        hosts = {host_of(i.observable) for i in draft.disclosure.indicators} if draft else set()
        assert not hosts & set(re.split(r"[\s,;|]+", genuine[name]) if genuine[name] else []), name


def test_mails_with_an_attackers_host_still_yield_an_indicator(data_dir: Path) -> None:
    by_brand: dict[str, list[bool]] = defaultdict(list)
    on_host = []
    for name, brand, draft in drafts(data_dir, "phish_bank"):
        held = attackers_hosts((data_dir / "mail" / name).read_bytes(), SECRETS[brand])
        if not held:
            continue
        hosts = {host_of(i.observable) or "" for i in draft.disclosure.indicators} if draft else set()
        by_brand[brand].append(draft is not None)
        on_host.append(any(h == s or h.endswith("." + s) for h in held for s in hosts if s))
    overall = [one for brand in by_brand.values() for one in brand]
    mean = sum(sum(brand) / len(brand) for brand in by_brand.values()) / len(by_brand)
    print(f"\n{len(overall)} mails with an attacker's host: {_share(overall)} yield an indicator,", end=" ")
    print(f"{_share(on_host)} that host itself; mean over {len(by_brand)} brands {mean:.1%}")
    assert sum(overall) / len(overall) >= 0.90
    assert sum(on_host) / len(on_host) >= 0.90
    assert mean >= 0.90


def test_nearly_all_labelled_phish_give_a_disclosure(data_dir: Path) -> None:
    shares = {}
    for folder in ("phish_bank", "phish_wallet", "phish_other"):
        shares[folder] = [draft is not None for _, _, draft in drafts(data_dir, folder)]
        print(f"\n{folder}: {_share(shares[folder])} of {len(shares[folder])} yield a disclosure", end="")
    with ReaderChild() as child:
        ham = [
            draft_of(child.read(p.read_bytes(), p.name), agent_of("lloyds")) is not None
            for p in _ham(data_dir)
        ]
    print(f"\nham (information only, a person decides what is a phish): {_share(ham)} of {len(ham)}")
    every = [one for share in shares.values() for one in share]
    assert sum(every) / len(every) >= 0.95


def test_without_redaction_the_checker_finds_the_banks(data_dir: Path) -> None:
    told = [
        bool(leaks_in(sent(_naive(reading)), SECRETS[brand]))
        for _, brand, reading in readings(data_dir, "phish_bank")
        if reading.found
    ]
    print(f"\nwithout redaction {_share(told)} of {len(told)} disclosures would tell the bank")
    assert sum(told) / len(told) > 0.25


SPELLINGS = {
    "plain": lambda t: t,
    "capitals": str.upper,
    "percent": lambda t: "".join(f"%{ord(c):02x}" for c in t),
    "percent twice": lambda t: quote("".join(f"%{ord(c):02x}" for c in t)),
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64 of more": lambda t: base64.urlsafe_b64encode(f"u=jane@{t}&x".encode()).decode().rstrip("="),
    "base64 of percent": lambda t: base64.b64encode(quote(f"@{t}").encode()).decode(),
    "hexadecimal": lambda t: t.encode().hex(),
    "quoted-printable": lambda t: "".join(f"={ord(c):02X}" for c in t),
    "look-alikes": lambda t: t.replace("a", "а").replace("e", "е").replace("o", "ο"),
    "digits": lambda t: t.replace("a", "4").replace("o", "0").replace("e", "3"),
    "punycode": lambda t: t.replace("a", "á").encode("idna").decode(),
    "VERP": lambda t: f"bounce+jane={t}@evil.example",
    "JSON escapes": lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
    "UTF-16": lambda t: t.encode("utf-16-le").decode("latin-1"),
    "below the attacker's domain": lambda t: f"https://{t}.evil.example/",
    "in the attacker's path": lambda t: f"https://evil.example/{t}/login",
    "in the attacker's query": lambda t: f"https://evil.example/?b={t}",
    "before the @": lambda t: f"{t}@evil.example",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", ["lloydsbank.com", "lloyds"])
def test_a_planted_name_is_found_however_it_is_spelled(spelling: str, secret: str) -> None:
    planted = f'{{"value":"x {SPELLINGS[spelling](secret)} y"}}'.encode()
    for noise in (b"", random.Random(7).randbytes(2_000)):
        assert leaks_in(noise + planted + noise, SECRETS["lloyds"])


@pytest.mark.parametrize(
    "value",
    [
        "https://lloyds-secure.example/login",
        "secure.lloydsbank-help.co.uk",
        "lloyds.alerts@gmail.com",
        "https://evil.example/",
    ],
)
def test_the_attackers_own_registered_names_are_allowed(value: str) -> None:
    assert not leaks_in(f'{{"value":"{value}"}}'.encode(), SECRETS["lloyds"])


def _naive(reading: Reading) -> Disclosure:
    """What a tool without redaction would send."""
    values = tuple(Indicator(found.observable, found.part) for found in reading.found)
    return Disclosure("rpt_" + "0" * 32, Attack.PHISHING, "2026-11-21", values, (), Marking())


def _ham(data_dir: Path) -> list[Path]:
    return sorted(path for path in (data_dir / "mail/ham").rglob("*") if path.is_file())


def _share(answers: list[bool]) -> str:
    return f"{sum(answers) / len(answers):.1%}"
