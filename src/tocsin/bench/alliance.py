# SPDX-License-Identifier: Apache-2.0
"""A hub of a benchmark's own: founded as an operator does, its parties enrolled in bulk, served by a real process."""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tocsin.agent.vault import Membership
from tocsin.bench.database import open_hub
from tocsin.clock import Clock, SystemClock
from tocsin.config.files import load
from tocsin.config.hub import HubConfig
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role, Standing
from tocsin.hub.app import init
from tocsin.hub.assembly import REALM, exchange
from tocsin.hub.exchange import Exchange
from tocsin.hub.keyfile import read_keys
from tocsin.hub.views.directory import state_party
from tocsin.ids import new_id
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Store
from tocsin.wire.messages import Report, encode
from tocsin.wire.parties import PartyEvent
from tocsin.wire.stix21 import mint
from tocsin.world.processes import Processes, Served, free_port

TICKS = os.sysconf("SC_CLK_TCK")


class BenchHub(msgspec.Struct, frozen=True):
    """A hub that was founded, with the banks that belong to it."""

    folder: Path
    url: str
    exchange: Exchange
    banks: tuple[Membership, ...]
    store: str
    """A file in its folder, or a URL of PostgreSQL."""

    def open(self) -> Store:
        """Its store, from outside of the process that serves."""
        return open_hub(self.folder, self.store)

    @contextmanager
    def served(self) -> Iterator[Served]:
        """The process that serves it, as an operator starts it."""
        with Processes() as processes:
            yield processes.serve("hub", ["hub", "serve", str(self.folder)], self.folder / "log")


def found(folder: Path, banks: int, chance: random.Random, store: str = "hub.db") -> BenchHub:
    """Found a hub and enrol so many banks, all in one transaction."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    init(folder, "Bench Alliance", url, port, store)
    hub = exchange(
        load(folder / "hub.toml", HubConfig), read_keys(folder / "hub.keys"), SystemClock(), os.urandom
    )
    made = BenchHub(folder, url, hub, tuple(_bank(hub, number, chance) for number in range(banks)), store)
    opened = made.open()
    with opened.transaction("bench enrol") as tx:
        for bank in made.banks:
            state_party(tx, hub, _event(bank, chance))
    opened.close()
    return made


def _bank(hub: Exchange, number: int, chance: random.Random) -> Membership:
    return Membership(
        party=new_id("prt", chance.randbytes),
        name=f"Bank {number} plc",
        role=Role.BANK,
        jurisdiction="GB",
        realm=REALM,
        hub=hub.identity.id,
        hub_key=str(hub.identity.key),
        partner_key=None,
        alliance=hub.identity.alliance,
        alliance_identity=hub.identity.alliance_identity,
        signing_seed=chance.randbytes(32),
        sealing_seed=chance.randbytes(32),
        recovery_key=chance.randbytes(32),
    )


def _event(bank: Membership, chance: random.Random) -> PartyEvent:
    return PartyEvent(
        party=bank.party,
        name=bank.name,
        role=Role.BANK,
        jurisdiction=bank.jurisdiction,
        standing=Standing.ACTIVE,
        signing_key=SigningKey.from_seed(bank.signing_seed).public,
        sealing_key=chance.randbytes(32),
        recovery_key=bank.recovery_key,
        agreement="",
    )


def report(bank: Membership, values: Sequence[str], clock: Clock, chance: random.Random) -> bytes:
    """A bank's `named` report of these domains, as its agent sends it."""
    indicators = tuple(Indicator(Observable(Kind.DOMAIN, value), "link") for value in values)
    disclosure = Disclosure(
        new_id("rpt", chance.randbytes), Attack.PHISHING, "2026-11-21", indicators, (), Marking()
    )
    objects = mint(disclosure, bank.alliance_identity, chance.randbytes)
    raw = tuple(msgspec.Raw(encode(one)) for one in objects)
    return encode(Report(id=disclosure.report_id, sent=clock.now(), objects=raw))


def cpu_seconds_of(pid: int) -> float:
    """Processor time that a process has used, its threads and the system on its behalf included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int) -> int:
    """What a process holds in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
