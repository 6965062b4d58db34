# SPDX-License-Identifier: Apache-2.0
"""Two processes of one hub, an edge and their readers, as real processes, with every byte that a reader was sent.

What is a failure: a byte of a later entry to a suspended member, a connection of it that is open a second after; an
entry that a reader behind an edge misses or has twice; an accusation of an honest hub; a lie of an edge's believed.
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.acceptance.verdict import queue_one
from tests.looking import look
from tests.store.cluster import find_binaries, private_cluster

from tocsin.agent import app as agent
from tocsin.agent.vault import Membership
from tocsin.clock import SystemClock
from tocsin.domain.party import Standing
from tocsin.hub import app as hub
from tocsin.proof.httpsig import NONCE_SIZE, authority_of, sign_request
from tocsin.proof.signing import SigningKey
from tocsin.wire.messages import Entry, decode, peek
from tocsin.wire.sse import EventParser
from tocsin.world.processes import free_port

pytestmark = pytest.mark.processes


class Recorder:
    """One connection of a member, with every byte that it ever carried."""

    def __init__(self, member: Membership, url: str, authority: str) -> None:
        self.data, self.status, self.ended = bytearray(), 0, 0.0
        self._member, self._url, self._authority = member, url, authority
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        key = SigningKey.from_seed(self._member.signing_seed)
        asked = {
            "method": "GET",
            "authority": self._authority,
            "path": "/v1/stream",
            "query": "",
            "body": b"",
        }
        headers = dict(
            sign_request(
                key, self._member.party, now=SystemClock().now(), nonce=os.urandom(NONCE_SIZE), **asked
            )
        )
        try:
            with (
                httpx.Client(timeout=60, trust_env=False) as http,
                http.stream("GET", f"{self._url}/v1/stream", headers=headers) as answer,
            ):
                self.status = answer.status_code
                for part in answer.iter_raw():
                    self.data += part
        except httpx.HTTPError:
            pass
        self.ended = time.monotonic()

    def to_its_end(self) -> Self:
        """Wait until it is over."""
        self._thread.join(10)
        return self

    def places(self) -> set[tuple[str, int]]:
        """Where the entries stand of which anything was sent, the last one too if it was cut in the middle."""
        found = set()
        for _, data in EventParser().feed(bytes(self.data) + b"\n\n"):
            if peek(data).kind == "entry":
                entry = decode(data, Entry)
                found.add((entry.stream, entry.seq))
        return found


def member(home: Path) -> Membership:
    with agent.opened(home) as house:
        return house.vault.membership()


def report(home: Path, short: str, number: int) -> None:
    with agent.opened(home) as house:
        queue_one(house, short, number)


def size_at(home: Path, stream: str = "members") -> int:
    rows = look(home / "agent.db", "SELECT size FROM stream WHERE name = :n", {"n": stream})
    return int(str(rows[0][0])) if rows else 0


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the hub keeps what it holds."""
    if request.param == "sqlite":
        yield "hub.db"
        return
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("There is no PostgreSQL on this machine.")
    with private_cluster(binaries) as cluster:
        yield f"postgresql:///postgres?host={cluster.folder}&user=tocsin"


def test_a_suspended_member_gets_no_byte_of_a_later_entry_through_two_hubs_and_an_edge(
    tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(store=store)
        port = free_port()
        machine.start("hub2", "hub", "serve", tmp_path / "hub", "--port", str(port))
        edge_url, authority = machine.raise_edge(), authority_of(machine.url)
        ayr, bute = machine.join("ayr"), machine.join("bute")
        machine.read_at("ayr", edge_url)
        machine.serve("ayr")
        time.sleep(1)
        ways = {"hub": (machine.url, authority), "second": (f"http://127.0.0.1:{port}", authority)}
        ways["edge"] = (edge_url, authority_of(edge_url))
        readers = {name: Recorder(member(bute), *way) for name, way in ways.items()}
        report(ayr, "ayr", 1)
        first = {("members", seq) for seq in range(3)}
        assert wait_until(lambda: all(first <= one.places() for one in readers.values()), 20)
        hub.stand(tmp_path / "hub", member(bute).party, Standing.SUSPENDED, "incident")
        suspended = time.monotonic()
        report(ayr, "ayr", 2)
        assert wait_until(lambda: all(one.ended for one in readers.values()), 10)
        assert wait_until(lambda: size_at(ayr) > 3, 20)
        took = {name: one.ended - suspended for name, one in readers.items()}
        with capsys.disabled():
            print("\nsuspended; connections ended after", {name: f"{s:.2f} s" for name, s in took.items()})
        assert max(took.values()) <= 1
        for name, one in readers.items():
            assert {place for place in one.places() if place[0] == "members"} <= first, name
        for url, host in ways.values():
            assert Recorder(member(bute), url, host).to_its_end().status == 403
        alarms = look(ayr / "agent.db", "SELECT sentence FROM alarm")
        assert alarms == []


def test_nothing_is_lost_or_doubled_when_hub_and_edge_are_killed(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub()
        edge_url = machine.raise_edge()
        ayr, bute = machine.join("ayr"), machine.join("bute")
        for short in ("ayr", "bute"):
            machine.read_at(short, edge_url)
            machine.serve(short)
        for number in range(12):
            report(ayr, "ayr", number)
            time.sleep(0.3)
            if number % 3 == 2:
                victim = ("hub", "edge")[number // 3 % 2]
                machine.kill(victim)
                time.sleep(0.5)
                machine.start(victim)

        def there() -> list[tuple[object, ...]]:
            return look(
                tmp_path / "hub/hub.db",
                "SELECT seq, leaf FROM entry JOIN stream ON number = stream WHERE name = 'members' ORDER BY seq",
            )

        def here(home: Path) -> list[tuple[object, ...]]:
            return look(
                home / "agent.db", "SELECT seq, leaf FROM entry WHERE stream = 'members' ORDER BY seq"
            )

        assert wait_until(lambda: len(there()) >= 12 * 3 and here(bute) == there() == here(ayr), 90)
        waiting = "SELECT count(*) FROM outbox WHERE state <> 'receipted'"
        assert wait_until(lambda: look(ayr / "agent.db", waiting) == [(0,)], 20)
        for home in (ayr, bute):
            alarms = {str(sentence) for (sentence,) in look(home / "agent.db", "SELECT sentence FROM alarm")}
            assert all(one.startswith(("The other side cannot", "The hub can be reached")) for one in alarms)


def test_an_edge_is_made_told_apart_and_revoked_by_commands(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        url = machine.raise_edge()

        def serves() -> bool:
            return bool(httpx.get(f"{url}/v1/health", trust_env=False).json()["ready"])

        assert wait_until(serves, 10)
        listed = tocsin("hub", "edge", tmp_path / "hub")
        assert listed.stdout.split() == ["edge", "follows"]
        chained = tocsin(
            "hub", "follow", tmp_path / "third", "--hub", url, "--code", f"ABC.hub_{'0' * 32}", "--url", url
        )
        assert chained.returncode != 0
        assert machine.url in chained.stderr
        revoked = tocsin("hub", "edge", tmp_path / "hub", "edge", "--revoke")
        ended = time.monotonic()
        assert revoked.returncode == 0
        assert wait_until(lambda: not serves(), 5)
        assert time.monotonic() - ended <= 2.5
