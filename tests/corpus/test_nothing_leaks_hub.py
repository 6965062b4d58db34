# SPDX-License-Identifier: Apache-2.0
"""A hub that took in every real phish of one bank, and the member that read it, hold nothing that tells which bank.

For each brand of `phish_bank` stands a hub of its own, so that whatever is found on it is that bank's. The bank's agent
joins as "Member 01", since the directory tells members the names of members, and is told the bank's legal name and one
domain. It sends every mail that abuses the brand through the verbs of the product; another member follows. Then all
that the two ends hold is searched: requests as received, rows, database files and write-ahead logs byte by byte, and
what was logged down to DEBUG. `leak_checker` shares no list with the product.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import apsw
import pytest
from tests.corpus.alliance import Alliance, serving
from tests.corpus.banks import KNOWN, SECRETS, attackers_hosts, brands
from tests.corpus.hub_search import PLACES, search
from tests.corpus.leak_checker import Leak

from tocsin.agent import app as agent_app
from tocsin.agent.outbox import Settled
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.deliver import deliver
from tocsin.agent.verbs.report import prepare, send
from tocsin.agent.work import classifier
from tocsin.clock import Instant
from tocsin.config.agent import OwnAssets
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.likeness import Grain
from tocsin.domain.linter import lint_observable
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable
from tocsin.errors import InputError
from tocsin.ids import Entropy, new_id
from tocsin.wire.registrable import registrable

pytestmark = [pytest.mark.corpus, pytest.mark.processes]


@dataclass(frozen=True)
class Exchanged:
    """One brand's mails after they went through its hub."""

    leaks: dict[str, list[Leak]]
    """By the place where they were found."""
    looked: dict[str, int]
    """Bytes that were searched in each place."""
    settled: dict[str, Settled]
    """By mail, for those that gave a disclosure."""


def test_neither_the_hub_nor_another_member_learns_which_bank_was_attacked(data_dir: Path) -> None:
    told = {brand: leaks for brand in _mails(data_dir) if (leaks := _exchanged(data_dir, brand).leaks)}
    assert told == {}


def test_every_place_was_searched_and_had_something_in_it(data_dir: Path) -> None:
    emptied = {"hub write-ahead log", "reader write-ahead log"}
    looked = {brand: _exchanged(data_dir, brand).looked for brand in _mails(data_dir)}
    for brand, sizes in looked.items():
        assert set(sizes) == PLACES, brand
        assert all(size for place, size in sizes.items() if place not in emptied), (brand, sizes)
    for place in emptied:  # each minute: one is looked at just then, and others are not
        assert sum(sizes[place] > 0 for sizes in looked.values()) > len(looked) / 2, looked


def test_the_hub_takes_an_indicator_in_for_nearly_every_mail_with_an_attackers_host(
    data_dir: Path, record_property: Callable[[str, object], None]
) -> None:
    by_brand = {}
    for brand, paths in _mails(data_dir).items():
        settled = _exchanged(data_dir, brand).settled
        held = [path for path in paths if attackers_hosts(path.read_bytes(), SECRETS[brand])]
        if held:
            by_brand[brand] = [path.name in settled and _accepted(settled[path.name]) > 0 for path in held]
    taken = [one for brand in by_brand.values() for one in brand]
    overall = sum(taken) / len(taken)
    mean = sum(sum(brand) / len(brand) for brand in by_brand.values()) / len(by_brand)
    record_property("yield overall", overall)
    record_property("yield, mean over brands", mean)
    print(f"\n{len(taken)} mails with an attacker's host: the hub took {overall:.1%} in;", end=" ")
    print(f"mean over {len(by_brand)} brands {mean:.1%}")
    assert overall >= 0.90
    assert mean >= 0.90


def test_the_hub_refuses_nothing_that_the_agents_let_out(data_dir: Path) -> None:
    every = {b: _exchanged(data_dir, b).settled for b in _mails(data_dir)}
    refused = [
        (brand, name, one.problem)
        for brand, settled in every.items()
        for name, one in settled.items()
        if one.receipt is None or any(outcome.status == "refused" for outcome in one.receipt.outcomes)
    ]
    assert refused == []
    assert sum(map(len, every.values())) >= 0.95 * sum(map(len, _mails(data_dir).values()))


@pytest.mark.parametrize("brand", ["livelo", "santander", "schwab"])
def test_with_redaction_switched_off_every_place_tells(
    brand: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.agent.verbs.report.redact", _without_redaction)
    told = _exchange(tmp_path, brand, _mails(data_dir)[brand]).leaks
    assert set(told) >= PLACES - {"log", "hub database", "reader database"}


def _without_redaction(
    reading: Reading,
    classifier: Classifier,
    *,
    attack: Attack,
    now: Instant,
    entropy: Entropy,
    marking: Marking,
    grain: Grain,
    also: Collection[Observable],
) -> Draft:
    """All that was found and that the hub's linter lets in."""
    clean = (one for one in reading.found if not list(lint_observable(one.observable, registrable, "")))
    values = {Indicator(one.observable, one.part.replace("text", "named")) for one in clean}
    disclosure = Disclosure(new_id("rpt", entropy), attack, "2026-11-21", tuple(values), (), marking)
    return Draft(disclosure, (), ())


def _plant_header(alliance: Alliance, reader: Path, text: str) -> None:
    _knock(alliance, "GET", "/v1/health", headers={"X-Note": text})


def _plant_query(alliance: Alliance, reader: Path, text: str) -> None:
    _knock(alliance, "GET", f"/v1/health?of={text}")


def _plant_body(alliance: Alliance, reader: Path, text: str) -> None:
    _knock(alliance, "POST", "/v1/enrolments", body=f'{{"id":"{text}"}}'.encode())


def _plant_log_line(alliance: Alliance, reader: Path, text: str) -> None:
    logging.getLogger("tocsin.hub").debug("a report of %s came", text)


def _plant_row(alliance: Alliance, reader: Path, text: str) -> None:
    _write(alliance.hub / "hub.db", "INSERT INTO meta VALUES ('note', ?)", text)


def _plant_wal(alliance: Alliance, reader: Path, text: str) -> None:
    """A row that was deleted again before the log was written back."""
    _plant_row(alliance, reader, text)
    _write(alliance.hub / "hub.db", "DELETE FROM meta WHERE value = ?", text)


def _plant_free_page(alliance: Alliance, reader: Path, text: str) -> None:
    """A row that was written back, and deleted without being overwritten."""
    _plant_row(alliance, reader, text)
    _write(alliance.hub / "hub.db", "PRAGMA wal_checkpoint(TRUNCATE)")
    _write(alliance.hub / "hub.db", "UPDATE meta SET value = x'' WHERE value = ?", text)


def _plant_at_the_reader(alliance: Alliance, reader: Path, text: str) -> None:
    _write(reader / "agent.db", "INSERT INTO mark VALUES (?, '')", text)


PLANTS = [
    (_plant_header, {"requests"}, "lloydsbank.co.uk"),
    (_plant_query, {"requests"}, "%6c%6c%6f%79%64%73"),
    (_plant_body, {"requests"}, "bG95ZHMgbGxveWRz"),  # base64
    (_plant_log_line, {"log"}, "LLOYDS"),
    (_plant_row, {"hub rows"}, "lloуds"),  # a Cyrillic letter
    (_plant_wal, {"hub write-ahead log"}, "=6c=6c=6f=79=64=73"),
    (_plant_free_page, {"hub database"}, "6c6c6f796473"),
    (_plant_at_the_reader, {"reader rows", "reader write-ahead log"}, "xn--lloyds-e2c"),
]


@pytest.mark.parametrize(("plant", "places", "spelling"), PLANTS)
def test_a_name_planted_anywhere_is_found_there(
    plant: Callable[[Alliance, Path, str], None], places: set[str], spelling: str, tmp_path: Path
) -> None:
    with serving(tmp_path) as alliance, _reader(alliance) as reader:
        alliance.follow(reader)
        assert search(alliance, reader, SECRETS["lloyds"])[0] == {}
        plant(alliance, reader, spelling)
        assert set(search(alliance, reader, SECRETS["lloyds"])[0]) == places


@cache
def _mails(data_dir: Path) -> dict[str, list[Path]]:
    """The mails of each brand."""
    named = [(brand, name) for name, brand in brands(data_dir).items() if name.startswith("phish_bank/")]
    return {
        brand: [data_dir / "mail" / name for other, name in named if other == brand]
        for brand in sorted({brand for brand, _ in named})
    }


@cache
def _exchanged(data_dir: Path, brand: str) -> Exchanged:
    with TemporaryDirectory() as folder:
        return _exchange(Path(folder), brand, _mails(data_dir)[brand])


def _exchange(folder: Path, brand: str, paths: list[Path]) -> Exchanged:
    legal_name, domain = KNOWN[brand]
    with serving(folder) as alliance, _reader(alliance) as reader:
        sender = alliance.join("Member 01", OwnAssets(legal_name, domains=(domain,)))
        settled = _send(sender, paths)
        alliance.follow(reader)
        return Exchanged(*search(alliance, reader, SECRETS[brand]), settled)


@contextmanager
def _reader(alliance: Alliance) -> Iterator[Path]:
    """Another member, whose store stays open: the last to close it would write its write-ahead log back."""
    reader = alliance.join("Member 02", OwnAssets("Member 02"))
    with agent_app.opened(reader):
        yield reader


def _send(agent: Path, paths: list[Path]) -> dict[str, Settled]:
    """Every mail as its analyst would report it."""
    queued: dict[str, str] = {}
    with agent_app.opened(agent) as house, ReaderChild() as child:
        known = classifier(house)
        for path in paths:
            try:
                prepared = prepare(
                    house, child, known, path.name, path.read_bytes(), attack=None, marking=Marking()
                )
            except InputError:
                continue
            approved = approve(prepared.draft, "an analyst", house.clock.now())
            queued[send(house, prepared, approved, "named", ()).report] = path.name
        return {queued[one.id]: one for one in asyncio.run(deliver(house, list(queued)))}


def _accepted(settled: Settled) -> int:
    outcomes = settled.receipt.outcomes if settled.receipt else ()
    return sum(one.object.startswith("indicator--") and one.status == "accepted" for one in outcomes)


def _knock(
    alliance: Alliance, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
) -> None:
    """A request that no log of ours on this side speaks of."""
    connection = HTTPConnection(urlsplit(alliance.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        connection.getresponse().read()
    finally:
        connection.close()


def _write(path: Path, statement: str, *texts: str) -> None:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(5_000)
        connection.execute(statement, tuple(text.encode() if "meta" in statement else text for text in texts))
    finally:
        connection.close()
