# SPDX-License-Identifier: Apache-2.0
"""What would leave about real phishing does not tell which bank it was, and still stops the attack.

For each mail of `phish_bank` stands an agent that knows the legal name and one domain of the bank whose brand the mail
abuses, nothing else. `leak_checker` knows the names and the genuine domains; it shares no list and no code with the
product. `labels.csv` and `facts.csv` say which mail abuses whom.
"""

import base64
import csv
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import compat32
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from tests.corpus.leak_checker import PROVIDERS, Secrets, leaks_in, registered

from tocsin.agent.assets import Assets, assets_of
from tocsin.agent.classify import Classifier
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redact import Draft, redact
from tocsin.clock import Instant, from_text
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import host_of
from tocsin.errors import InputError

pytestmark = [pytest.mark.corpus, pytest.mark.processes]
NOW = Instant(from_text("2026-11-21T08:30:00Z"))

KNOWN = {  # brand: all that its agent is told
    "bradesco": ("Banco Bradesco S.A.", "bradesco.com.br"),
    "bancodobrasil": ("Banco do Brasil S.A.", "bb.com.br"),
    "ourocard": ("Banco do Brasil S.A.", "bb.com.br"),
    "livelo": ("Livelo S.A.", "livelo.com.br"),
    "nubank": ("Nu Pagamentos S.A.", "nubank.com.br"),
    "visa_mc": ("Visa Inc.", "visa.com"),
    "schwab": ("The Charles Schwab Corporation", "schwab.com"),
    "mercadopago": ("Mercado Pago Instituição de Pagamento Ltda.", "mercadopago.com.br"),
    "itau": ("Itaú Unibanco S.A.", "itau.com.br"),
    "santander": ("Banco Santander (Brasil) S.A.", "santander.com.br"),
    "amex": ("American Express Company", "americanexpress.com"),
    "paypal": ("PayPal Holdings, Inc.", "paypal.com"),
    "rbc": ("Royal Bank of Canada", "rbc.com"),
    "lloyds": ("Lloyds Bank plc", "lloydsbank.com"),
    "tfbank": ("TF Bank AB", "tfbank.se"),
    "caixa": ("Caixa Econômica Federal", "caixa.gov.br"),
    "venmo": ("Venmo LLC", "venmo.com"),
    "bancocentral": ("Banco Central do Brasil", "bcb.gov.br"),
    "westernunion": ("The Western Union Company", "westernunion.com"),
    "barclays": ("Barclays Bank plc", "barclays.co.uk"),
}
SECRETS = {  # brand: what must not be seen, far more than its agent was told
    "bradesco": Secrets(
        ("bradesco", "banco bradesco"),
        ("bradesco.com.br", "banco.bradesco", "bradesco.com", "bradesco.b.br", "bradescoprime.com.br",
         "bradescoseguros.com.br", "bradescocartoes.com.br", "bradescopessoajuridica.com.br", "bradescard.com.br"),
    ),
    "bancodobrasil": Secrets(
        ("banco do brasil", "bb"), ("bb.com.br", "bancodobrasil.com.br", "bbseguros.com.br", "bb.b.br")
    ),
    "ourocard": Secrets(("banco do brasil", "ourocard"), ("bb.com.br", "bancodobrasil.com.br", "ourocard.com.br")),
    "livelo": Secrets(("livelo",), ("livelo.com.br", "pontoslivelo.com.br")),
    "nubank": Secrets(("nubank", "nu pagamentos"), ("nubank.com.br", "nu.com.mx", "nu.bank")),
    "visa_mc": Secrets(("visa",), ("visa.com", "visa.com.br", "mastercard.com")),
    "schwab": Secrets(("schwab", "charles schwab"), ("schwab.com", "aboutschwab.com", "schwab.co.uk")),
    "mercadopago": Secrets(
        ("mercado pago", "mercadopago"),
        ("mercadopago.com.br", "mercadopago.com", "mercadolivre.com.br", "mercadolibre.com"),
    ),
    "itau": Secrets(("itau", "itau unibanco"), ("itau.com.br", "itau.com", "itau-unibanco.com.br")),
    "santander": Secrets(("santander",), ("santander.com.br", "santander.com", "santander.co.uk")),
    "amex": Secrets(("american express", "amex"), ("americanexpress.com", "aexp.com", "amex.com")),
    "paypal": Secrets(("paypal",), ("paypal.com", "paypalobjects.com", "paypal.me", "paypal-corp.com")),
    "rbc": Secrets(("royal bank of canada", "rbc"), ("rbc.com", "rbcroyalbank.com", "royalbank.com")),
    "lloyds": Secrets(("lloyds", "lloyds bank"), ("lloydsbank.com", "lloydsbank.co.uk", "lloydsbankinggroup.com")),
    "tfbank": Secrets(("tf bank",), ("tfbank.se", "tfbank.com", "tfbank.de")),
    "caixa": Secrets(("caixa", "caixa economica"), ("caixa.gov.br", "cef.gov.br")),
    "venmo": Secrets(("venmo",), ("venmo.com",)),
    "bancocentral": Secrets(("banco central", "bcb"), ("bcb.gov.br",)),
    "westernunion": Secrets(("western union",), ("westernunion.com", "wu.com")),
    "barclays": Secrets(("barclays",), ("barclays.co.uk", "barclays.com", "barclaycard.co.uk", "barclays.net")),
}  # fmt: skip
BENIGN = (  # registered domains that a link may lead to without the attacker holding them
    "google.com", "gstatic.com", "googleapis.com", "googleadservices.com", "facebook.com", "instagram.com",
    "twitter.com", "t.co", "linkedin.com", "youtube.com", "w3.org", "apple.com", "imgur.com", "ibb.co", "is.gd",
    "bit.ly", "rb.gy", "ln.run", "wa.me", "monday.com", "secureserver.net", "awstrack.me", "sendgrid.net",
    "deref-gmx.net",
    "lnkd.in", "cdn-apple.com", "histats.com", "livelo.com.br", "whatsapp.com", "amazonaws.com",
)  # fmt: skip


def test_no_disclosure_of_real_phishing_tells_which_bank_it_was(data_dir: Path) -> None:
    found = [
        (name, leak)
        for name, brand, draft in _drafts(data_dir, "phish_bank")
        if draft
        for leak in leaks_in(_sent(draft.disclosure), SECRETS[brand])
    ]
    assert not found, f"{len(found)} leaks, first: {found[:5]}"


def test_the_genuine_hosts_that_the_labels_name_never_leave(data_dir: Path) -> None:
    genuine = {row["file"]: row["genuine_domains_in_body"] for row in _rows(data_dir / "mail/facts.csv")}
    for name, _, draft in _drafts(data_dir, "phish_bank"):
        sent = {host_of(i.observable) for i in draft.disclosure.indicators} if draft else set()
        assert not sent & set(re.split(r"[\s,;|]+", genuine[name]) if genuine[name] else []), name


def test_mails_with_an_attackers_host_still_yield_an_indicator(data_dir: Path) -> None:
    by_brand: dict[str, list[bool]] = defaultdict(list)
    on_host = []
    for name, brand, draft in _drafts(data_dir, "phish_bank"):
        held = _attackers_hosts((data_dir / "mail" / name).read_bytes(), SECRETS[brand])
        if not held:
            continue
        sent = {host_of(i.observable) or "" for i in draft.disclosure.indicators} if draft else set()
        by_brand[brand].append(draft is not None)
        on_host.append(any(h == s or h.endswith("." + s) for h in held for s in sent if s))
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
        shares[folder] = [draft is not None for _, _, draft in _drafts(data_dir, folder)]
        print(f"\n{folder}: {_share(shares[folder])} of {len(shares[folder])} yield a disclosure", end="")
    with ReaderChild() as child:
        ham = [
            _draft(child.read(p.read_bytes(), p.name), _agent("lloyds")) is not None for p in _ham(data_dir)
        ]
    print(f"\nham (information only, a person decides what is a phish): {_share(ham)} of {len(ham)}")
    every = [one for share in shares.values() for one in share]
    assert sum(every) / len(every) >= 0.95


def test_without_redaction_the_checker_finds_the_banks(data_dir: Path) -> None:
    told = [
        bool(leaks_in(_sent(_naive(reading)), SECRETS[brand]))
        for _, brand, reading in _readings(data_dir, "phish_bank")
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


def _sent(disclosure: Disclosure) -> bytes:
    """The bytes that would be sent."""
    return msgspec.json.encode(disclosure)


def _naive(reading: Reading) -> Disclosure:
    """What a tool without redaction would send."""
    values = tuple(Indicator(found.observable, found.part) for found in reading.found)
    return Disclosure("rpt_" + "0" * 32, Attack.PHISHING, "2026-11-21", values, (), Marking())


@cache
def _agent(brand: str) -> Classifier:
    if brand not in KNOWN:
        return Classifier(Assets("Nobody's Bank"))
    name, domain = KNOWN[brand]
    return Classifier(assets_of(name, domains=(domain,)))


def _draft(reading: Reading, classifier: Classifier) -> Draft | None:
    try:
        return redact(
            reading, classifier, attack=Attack.PHISHING, now=NOW, entropy=random.Random(1).randbytes
        )
    except InputError:
        return None


@cache
def _drafts(data_dir: Path, folder: str) -> tuple[tuple[str, str, Draft | None], ...]:
    return tuple(
        (name, brand, _draft(reading, _agent(brand))) for name, brand, reading in _readings(data_dir, folder)
    )


@cache
def _readings(data_dir: Path, folder: str) -> tuple[tuple[str, str, Reading], ...]:
    brands = defaultdict(str, {row["file"]: row["brand"] for row in _rows(data_dir / "mail/labels.csv")})
    paths = sorted((data_dir / "mail" / folder).glob("*.eml"))
    names = [f"{folder}/{path.name}" for path in paths]
    with ReaderChild() as child:
        readings = [child.read(path.read_bytes(), path.name) for path in paths]
    return tuple((n, brands[n], reading) for n, reading in zip(names, readings, strict=True))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _ham(data_dir: Path) -> list[Path]:
    return sorted(path for path in (data_dir / "mail/ham").rglob("*") if path.is_file())


def _share(answers: list[bool]) -> str:
    return f"{sum(answers) / len(answers):.1%}"


class _Hrefs(HTMLParser):
    """Where links and forms lead."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"a": "href", "area": "href", "form": "action"}.get(tag)
        self.urls += [value for name, value in attrs if name == wanted and value]


def _attackers_hosts(mail: bytes, secrets: Secrets) -> set[str]:
    """Hosts that a link or a form leads to and that are neither the bank's nor on the hand-written list."""
    hosts = set()
    for url in _followed(mail):
        try:
            host = (urlsplit(url.strip()).hostname or "").lower()
        except ValueError:
            continue
        benign = (*BENIGN, *PROVIDERS, *secrets.domains)
        if registered(host).count(".") and not any(host == b or host.endswith("." + b) for b in benign):
            hosts.add(host)
    return hosts


def _followed(mail: bytes) -> Iterator[str]:
    for part in message_from_bytes(mail, policy=compat32).walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            page = _Hrefs()
            page.feed(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else "")
            yield from (url for url in page.urls if url.strip().lower().startswith("http"))
