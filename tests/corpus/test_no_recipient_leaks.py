# SPDX-License-Identifier: Apache-2.0
"""What would leave about real mail names nobody to whom it was sent, nor does it when every link of it does.

`recipients` takes the people from the mails' own fields and greetings; it shares no list and no code with the product.
Looked at are the values that would be sent: the other words of a disclosure are the product's own.
"""

import base64
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import msgspec
import pytest
from tests.corpus.drafts import agent_of, draft_of, drafts, readings
from tests.corpus.leak_checker import Secrets, leaks_in
from tests.corpus.recipients import secrets_of

from tocsin.agent.readers.reading import Found, Reading
from tocsin.agent.redaction.redact import Draft
from tocsin.domain.observable import Kind, host_of, normalise

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

PHISH = ("phish_bank", "phish_wallet", "phish_other")
HELEN = Secrets(("helen", "marsh", "hmarsh", "marshh", "88213"), ())
WRITTEN = (
    "?x=HelenMarsh", "?x=Helen.Marsh", "/helen-marsh/6", "?n=%48elen", "/7/MARSH/x", "?u=hmarsh", "?kdnr=88213",
    "/c/88213/x", f"?u={base64.b64encode(b'helen.marsh').decode()}", f"/{b'helen marsh'.hex()}", "/marshh?a=1",
)  # fmt: skip
"""How a link may name Helen Marsh, customer 88213."""


@pytest.mark.parametrize("folder", [*PHISH, "ham", "ruby_mail"])
def test_no_recipient_of_a_real_mail_leaves(folder: str, data_dir: Path) -> None:
    looked = 0
    for name, _, draft in drafts(data_dir, folder):
        secrets = secrets_of((data_dir / "mail" / name).read_bytes())
        looked += draft is not None and bool(secrets.names)
        assert not draft or not leaks_in(_values(draft), secrets), name
    print(
        f"\n{folder}: {looked} disclosures of mails that name their recipients, none of whom leaves", end=""
    )
    assert looked


def test_without_redaction_the_checker_finds_recipients(data_dir: Path) -> None:
    told = []
    for folder in PHISH:
        for name, _, reading in readings(data_dir, folder):
            secrets = secrets_of((data_dir / "mail" / name).read_bytes())
            told.append(bool(leaks_in(_lines(found.observable.value for found in reading.found), secrets)))
    print(f"\nwithout redaction {sum(told)} of {len(told)} disclosures would name a recipient")
    assert sum(told) >= 20


@pytest.mark.parametrize("folder", PHISH)
def test_a_recipient_whom_every_real_link_names_does_not_leave_and_the_hosts_do(
    folder: str, data_dir: Path
) -> None:
    before, after = 0, 0
    for name, brand, reading in readings(data_dir, folder):
        whole, named = (draft_of(one, agent_of(brand)) for one in (reading, _naming_helen(reading)))
        if not whole:
            continue
        hosts = {host_of(i.observable) for i in whole.disclosure.indicators if i.part == "landing-host"}
        kept = {host_of(i.observable) for i in named.disclosure.indicators} if named else set()
        assert not named or not leaks_in(_values(named), HELEN), name
        before, after = before + len(hosts), after + len(hosts & kept)
    print(f"\n{folder}: {after} of {before} landing hosts leave when every link names its reader", end="")
    assert after >= 0.95 * before


def _naming_helen(reading: Reading) -> Reading:
    """The same mail, written to Helen Marsh, with her in every link."""
    written = cycle(WRITTEN)
    found = tuple(_named(one, next(written)) if one.part == "link" else one for one in reading.found)
    return msgspec.structs.replace(
        reading, found=found, recipient_names=("Helen Marsh",), recipient_numbers=("88213",)
    )


def _named(found: Found, written: str) -> Found:
    url = found.observable.value.partition("?")[0].rstrip("/") + written
    return msgspec.structs.replace(found, observable=normalise(Kind.URL, url))


def _values(draft: Draft) -> bytes:
    return _lines(indicator.observable.value for indicator in draft.disclosure.indicators)


def _lines(values: Iterable[str]) -> bytes:
    return "".join(f'"{value}"\n' for value in values).encode()
