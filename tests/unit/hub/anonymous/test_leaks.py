# SPDX-License-Identifier: Apache-2.0
"""What lies on the disks of hub, relay and partner after a run, and in their logs at DEBUG, gives no sender away.

Searched for in every encoding that a store or a log would have it in: what only the sender knew, where it sent from and
when. What is planted in one of the three is found.
"""

import base64
import logging
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.anonymous import AnonymousAlliance, Sender, Sent
from tests.looking import change
from tests.unit.hub.asking import BAD, EVIL

from tocsin.cli.staying import SILENT
from tocsin.clock import SECOND, Instant, to_text
from tocsin.hub.anonymous.judging import Judged
from tocsin.hub.anonymous.taking import take
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.envelope import find_result
from tocsin.wire.slot import Fate, read_fate

ADDRESS = "203.0.113.77"
ODD = 123_457
"""Microseconds that no clock shows by itself."""
FILES = (
    "hub.db",
    "hub.db-wal",
    "hub.backup",
    "partner.db",
    "partner.db-wal",
    "partner.backup",
    "relay.db",
    "relay.db-wal",
)


def spellings(secret: bytes | str | int) -> Iterator[bytes]:
    """How a store, a message or a log would have it."""
    if isinstance(secret, int):
        yield from (secret.to_bytes(8), secret.to_bytes(7), str(secret).encode())
        yield from (
            to_text(Instant(secret)).encode(),
            to_text(Instant(secret))[:19].replace("T", " ").encode(),
        )
        return
    data = secret.encode() if isinstance(secret, str) else secret
    yield data
    yield data.hex().encode()
    yield data.hex().upper().encode()
    for shift in range(3):  # in the middle of something longer, base64 has three faces
        whole = base64.b64encode(bytes(shift) + data)
        yield whole[4 if shift else 0 : -4]
    yield base64.urlsafe_b64encode(data)[:-4]
    yield data.decode("latin-1").encode("utf-16-le")


def leaks(secrets: dict[str, bytes | str | int], places: dict[str, bytes]) -> set[tuple[str, str]]:
    """Which secret lies where."""
    return {
        (name, place)
        for name, secret in secrets.items()
        for spelling in spellings(secret)
        for place, data in places.items()
        if spelling in data
    }


class Seen:
    """What a member knows that nobody else may."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes | str | int] = {"address": ADDRESS}

    def note(self, sender: Sender, sent: Sent, moment: int | None) -> None:
        who = f"{sender.agent.short}/{len(self.secrets)}"
        self.secrets |= {f"{who}/blob": sent.blob[:64]}
        self.secrets |= {f"{who}/reply key": sent.reply_key} if sent.reply_key else {}
        self.secrets |= {f"{who}/moment": moment} if moment is not None else {}


async def run(alliance: AnonymousAlliance, seen: Seen) -> None:
    """Two slots with reports and cover, one report at once, and a backup."""
    banks = [await alliance.join(short) for short in ("one", "two", "three")]
    await alliance.first_epoch()
    senders = [Sender(alliance, bank) for bank in banks]
    for sender in senders:
        await sender.ask()
        sender.http.headers["X-Forwarded-For"] = ADDRESS
        for token, drawn, one_time in sender.tokens:
            who = f"{sender.agent.short}/{len(seen.secrets)}"
            seen.secrets |= {
                f"{who}/nonce": token.nonce,
                f"{who}/authenticator": token.authenticator,
                f"{who}/random": drawn,
                f"{who}/one-time key": one_time.public,
            }
        seen.secrets[f"{sender.agent.short}/seed"] = sender.agent.membership.signing_seed
    await alliance.into_epoch()
    for round_ in range(2):
        for number, sender in enumerate(senders):
            await alliance.move_to(alliance.clock.now() + SECOND // 50 + ODD)
            sent = sender.report(EVIL, BAD) if number == round_ else sender.cover()
            await sender.send(sent)
            seen.note(sender, sent, alliance.clock.now())
        await alliance.next_slot()
    sent = senders[2].report(EVIL, report_class="now")
    assert (await senders[2].send_now(sent)).status == "accepted"
    seen.note(senders[2], sent, None)
    await alliance.settled()
    alliance.back_up(alliance.folder / "hub.backup")
    alliance.witness.store.copy(alliance.folder / "partner.backup")


def disks(folder: Path) -> dict[str, bytes]:
    """Every page of every file, free ones too."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


async def test_no_disk_and_no_log_gives_a_sender_away(tmp_path, caplog):
    for name in SILENT:  # as every process that serves has it
        caplog.set_level(logging.WARNING, name)
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    async with AnonymousAlliance(tmp_path) as alliance:
        await run(alliance, seen)
        places = disks(tmp_path)
        assert {"hub.db", "hub.backup", "partner.db", "partner.backup", "relay.db"} <= places.keys()
        places["logs"] = caplog.text.encode()
        assert leaks(seen.secrets, places) == set()
        assert len(alliance.look("SELECT 1 FROM spent")) == 3


@pytest.mark.parametrize("place", ["hub", "partner", "relay"])
async def test_what_is_planted_is_found(tmp_path, place):
    statements = {
        "hub": "INSERT INTO meta (key, value) VALUES (:text, :data)",
        "partner": "INSERT INTO evidence (added, note, reason) VALUES (:number, :text, :data)",
        "relay": "INSERT INTO hub_key (number, key, body, added) VALUES (99, :text, :data, :number)",
    }
    secrets = {"seed": b"\x01\xfesecret" * 4, "address": ADDRESS, "moment": 1_795_249_800_123_457}
    async with AnonymousAlliance(tmp_path) as alliance:
        await alliance.start_relay()
        assert leaks(secrets, disks(tmp_path)) == set()
        row = {"text": f"from {ADDRESS}", "data": secrets["seed"], "number": secrets["moment"]}
        if place == "hub":
            row["text"] += f" at {to_text(Instant(row.pop('number')))}"
        if place == "partner":
            row["data"] = secrets["seed"].hex()
        change(tmp_path / f"{place}.db", statements[place], row)
        assert {name for name, _ in leaks(secrets, disks(tmp_path))} == set(secrets)
    encoded = base64.b64encode(b"?" + secrets["seed"] + b"?")
    assert leaks({"seed": secrets["seed"]}, {"log": b"a line: " + encoded}) == {("seed", "log")}


async def test_nothing_is_logged_or_counted_for_an_envelope(tmp_path, caplog):
    for name in SILENT:
        caplog.set_level(logging.WARNING, name)
    caplog.set_level(logging.DEBUG)
    async with AnonymousAlliance(tmp_path) as alliance:
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Sender(alliance, bank)
        await sender.ask()
        await alliance.into_epoch()
        caplog.clear()
        spoiled, _ = sender.envelope(sender.cover().blob, slot=7)
        await sender.post(spoiled)
        await sender.send(sender.report(EVIL))
        assert [record.getMessage() for record in caplog.records] == []


def test_the_order_in_a_slot_is_neither_of_arrival_nor_of_hashes_that_anybody_sees():
    judged = [
        Judged(bytes([n]) * 32, bytes([n]) * 32, bytes([n]) * 32, "", (), (), Fate("refused", reason=str(n)))
        for n in range(3)
    ]

    def order(salt: bytes) -> tuple[str, ...]:
        hub = SimpleNamespace(entropy=lambda size: salt[:size])
        sealed = store.run("order", lambda tx: take(tx, hub, 1, judged, Instant(0)))
        opened = [find_result(one.reply_key, (result,)) for result in sealed for one in judged]
        return tuple(read_fate(data).reason for data in opened if data is not None)

    store = open_sqlite(":memory:")
    assert {order(bytes([salt]) * 32) for salt in range(100)} == set(permutations("012"))
    store.close()
