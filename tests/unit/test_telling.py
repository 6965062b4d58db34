# SPDX-License-Identifier: Apache-2.0
"""What an alliance tells its monitors and its logs: enough to run it, and nothing that is a secret or names anybody.

Everything that happens here is logged at the finest level, of every library too.
"""

import base64
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from tests.alliance import HUB_SEEDS, PARTNER_SEED, Alliance, until

from tocsin.agent.metrics import measure, write
from tocsin.cli.staying import log_to_stderr
from tocsin.config.listen import LogFormat
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import TocsinError
from tocsin.hub.assembly import assemble
from tocsin.hub.metrics import Meter
from tocsin.web.metrics import exposition

EVIL = normalise(Kind.DOMAIN, "evil-of-today.example")
WORSE = normalise(Kind.URL, "https://worse-of-today.example/confirm")
MAIL = b"Subject: Dear Jane Doe, account 4711-8890\r\n\r\nplease confirm"


async def story(alliance: Alliance) -> None:
    """Reports, a sighting of the same, an erasure, a lost line, a refused message, a lost partner, a restart."""
    ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
    report = await ayr.report(EVIL, WORSE)
    await bute.report(EVIL)
    await alliance.settled()
    with pytest.raises(TocsinError):
        await ayr.hub().post("/v1/reports", MAIL)
    with pytest.raises(TocsinError):
        await ayr.hub().post("/v1/reports", b'{"kind":"report","v":1,"id":"Jane Doe"}')
    alliance.wire.cut()
    bute.queue_report(WORSE)
    with pytest.raises(TocsinError):
        await bute.deliver()
    alliance.wire.mend()
    alliance.witness.away = True
    alliance.clock.advance(10_000_000)
    await bute.deliver()
    await until(lambda: alliance.hub.noting.stand.witness == "late")
    alliance.witness.away = False
    await alliance.stop_hub()
    await alliance.start_hub()
    await alliance.settled()
    assert report


def secrets(alliance: Alliance) -> dict[str, bytes]:
    """Everything that nobody may ever find in a log."""
    found = {"hub's seeds": HUB_SEEDS[:32], "cursor key": HUB_SEEDS[32:], "partner's seed": PARTNER_SEED}
    for name, agent in alliance.agents.items():
        found[f"{name}'s signing seed"] = agent.membership.signing_seed
        found[f"{name}'s sealing seed"] = agent.membership.sealing_seed
    return found


def spellings(secret: bytes) -> set[str]:
    return {
        secret.hex(),
        repr(secret)[2:-1],
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
    }


async def test_no_log_holds_a_secret_or_what_a_mail_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    async with Alliance(tmp_path) as alliance:
        await story(alliance)
        text = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
        told = Counter(record.name for record in caplog.records)
        assert told["httpx"] >= 2 + 5 + 2, "two enrolments, five reports, two streams"
        assert told["tocsin.agent"] >= 2, "each agent lost the hub"
        for name, secret in secrets(alliance).items():
            for spelling in spellings(secret):
                assert spelling not in text, name
    for value in ("evil-of-today", "worse-of-today", "Jane Doe", "4711", "please confirm"):
        assert value not in text, value


async def test_no_number_names_a_party_a_group_or_a_value(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        await story(alliance)
        hub = alliance.hub
        meter = Meter(hub.commits._store, hub.following._reader, hub.commits, hub.following, alliance.clock)
        told = exposition(meter.measure()).decode()
        for agent in alliance.agents.values():
            told += exposition(measure(agent.house, agent.levels())).decode()
            for name in (agent.party, agent.membership.name, agent.short):
                assert name not in told
    assert not re.search(r"prt_|rpt_|hub_|of-today|group:|role:|party:", told)
    assert 'tocsin_entries_total{audience="members"} ' in told
    assert 'tocsin_transactions_total{store="writer",name="accept wave",outcome="committed"}' in told
    assert 'tocsin_witness{state="witnessed"} 1' in told
    assert "tocsin_witness_late_seconds 0\n" in told
    assert 'tocsin_parties{standing="active"} 2' in told
    assert "tocsin_connections 2\n" in told


async def test_how_long_the_partner_has_been_late_is_told(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.away = True
        await ayr.report(EVIL)
        hub = alliance.hub
        await until(lambda: hub.noting.stand.witness == "late")
        alliance.clock.advance(90_000_000)
        meter = Meter(hub.commits._store, hub.following._reader, hub.commits, hub.following, alliance.clock)
        assert b"tocsin_witness_late_seconds 90\n" in exposition(meter.measure())


async def test_the_hub_gives_its_numbers_at_its_address(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        await alliance.join("ayr")
        stores = (alliance.open_store(), alliance.open_store())
        key = sha256(b"k" * 40).digest()
        other = assemble(alliance.exchange, alliance.config, *stores, None, metrics_key=key)
        first = alliance.door.application
        async with other.application.router.lifespan_context(other.application):
            alliance.door.open(other.application)
            http = alliance.agents["ayr"].http
            url = "http://hub.example/metrics"
            assert (await http.get(url)).status_code == 401
            answer = await http.get(url, headers={"Authorization": "Bearer " + "k" * 40})
            assert "tocsin_heads_total" in answer.text
            alliance.door.open(first)
        assert (await http.get(url)).status_code == 404


async def test_an_agent_writes_its_numbers_where_a_collector_finds_them(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        ayr.queue_report(EVIL)
        alliance.clock.advance(7_000_000)
        write(ayr.house, ayr.levels())
        assert not list(ayr.house.folder.glob("*.prom"))
        config = msgspec.structs.replace(ayr.house.config, metrics_file="tocsin.prom")
        write(msgspec.structs.replace(ayr.house, config=config), ayr.levels())
        written = ayr.house.folder / "tocsin.prom"
        assert written.stat().st_mode & 0o777 == 0o644
        assert "tocsin_outbox_waiting 1\n" in written.read_text()
        assert "tocsin_outbox_oldest_seconds 7\n" in written.read_text()


@contextmanager
def logging_as(form: LogFormat) -> Iterator[None]:
    """The log as a serving process writes it, and the root logger put back as it was."""
    root = logging.getLogger()
    before, level, root.handlers = root.handlers, root.level, []
    try:
        log_to_stderr(form)
        yield
    finally:
        root.handlers = before
        root.setLevel(level)


def test_a_log_for_programs_is_one_document_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("tocsin.hub")
    with logging_as("json"):
        log.warning("two\nlines and a \x1b[31mcolour, %s", "told")
        try:
            raise ValueError("unforeseen\nthing")
        except ValueError:
            log.exception("entries could not be sent")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first["message"] == r"two\nlines and a \x1b[31mcolour, told"
    assert (first["level"], first["logger"], first["trace"]) == ("WARNING", "tocsin.hub", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["time"])
    assert "ValueError: unforeseen" in second["trace"]


def test_a_log_for_a_person_is_a_line_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("text"):
        logging.getLogger("tocsin.hub").info("ready")
    line = capsys.readouterr().err
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO tocsin.hub: ready\n", line)
