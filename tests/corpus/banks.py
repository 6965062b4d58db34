# SPDX-License-Identifier: Apache-2.0
"""The banks whose names the mails of `phish_bank` abuse: what their agents are told, and what must never be seen.

Written by hand, like the list of places that no attacker holds alone; the product knows none of them. `labels.csv` says
which mail abuses whom.
"""

import csv
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import compat32
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from tests.corpus.leak_checker import PROVIDERS, Secrets, registered

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


def brands(data_dir: Path) -> dict[str, str]:
    """Of each labelled mail, such as ``phish_bank/sample-1.eml``, the brand that it abuses."""
    return {row["file"]: row["brand"] for row in rows(data_dir / "mail/labels.csv")}


def rows(path: Path) -> list[dict[str, str]]:
    """A table of the corpus."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def attackers_hosts(mail: bytes, secrets: Secrets) -> set[str]:
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


class _Hrefs(HTMLParser):
    """Where links and forms lead."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"a": "href", "area": "href", "form": "action"}.get(tag)
        self.urls += [value for name, value in attrs if name == wanted and value]


def _followed(mail: bytes) -> Iterator[str]:
    for part in message_from_bytes(mail, policy=compat32).walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            page = _Hrefs()
            page.feed(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else "")
            yield from (url for url in page.urls if url.strip().lower().startswith("http"))
