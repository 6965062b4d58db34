# SPDX-License-Identifier: Apache-2.0
"""The path as its design has it, in one file, and the same with any of the defects: what the game is tested by.

It is no second implementation. Messages are as long as the design's, times are drawn and not measured, and the three
parties keep in their databases and logs what the design lets them keep. The product is played by an adapter of its own.

Agent → relay → partner → hub: the relay admits one envelope of a member in a slot, the partner keeps blobs until the
slot ends and sorts them, the hub opens them and takes all reports in at once, ordered by their hashes, at one time.
Afterwards every member that is there acknowledges every entry, its own like any other.
"""

import json
import random
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from tocsin.bench.linkability.defects import Defect
from tocsin.bench.linkability.notebook import Cell, Notebook
from tocsin.bench.linkability.path import HUB, PARTNER, RELAY, Member, Played, Report, Story
from tocsin.bench.linkability.seals import Ideal, Seals
from tocsin.clock import MINUTE, SECOND, Instant
from tocsin.ids import new_id

BEGIN = Instant(1_795_249_800_000_000)
SLOT = 5 * MINUTE
PLAINTEXT = 4_096
"""Bytes of an envelope before it is sealed."""
QUOTA = 20
_MILLISECOND = SECOND // 1_000
_REPLY = 4_900
_HELLO = 517
"""Bytes of what opens a connection."""
_LOST = 0.3
"""Of first tries, on the way to the relay."""
_RETRY = 5 * SECOND
_LATE = 20 * _MILLISECOND
_COMMIT = 8 * _MILLISECOND
_ISSUED = "INSERT INTO issued VALUES (?, ?, ?, ?)"
_RELAY_SCHEMA = """
CREATE TABLE admitted (slot INTEGER, party TEXT, PRIMARY KEY (slot, party)) WITHOUT ROWID, STRICT;
"""
_PARTNER_SCHEMA = """
CREATE TABLE blob (slot INTEGER, hash BLOB, PRIMARY KEY (slot, hash)) WITHOUT ROWID, STRICT;
"""
_HUB_SCHEMA = """
CREATE TABLE member (party TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
CREATE TABLE issued (round INTEGER, party TEXT, tokens INTEGER, key BLOB,
  PRIMARY KEY (round, party)) WITHOUT ROWID, STRICT;
CREATE TABLE entry (seq INTEGER PRIMARY KEY, id TEXT, added INTEGER, key BLOB, mailbox BLOB, body BLOB) STRICT;
CREATE TABLE spent (token BLOB PRIMARY KEY) WITHOUT ROWID, STRICT;
CREATE TABLE acknowledged (entry TEXT, party TEXT, slot INTEGER, PRIMARY KEY (entry, party)) WITHOUT ROWID, STRICT;
CREATE TABLE polled (mailbox BLOB, at INTEGER) STRICT;
"""


class Model:
    """A path under test."""

    def __init__(
        self, defects: frozenset[Defect] = frozenset(), seals: Callable[[random.Random], Seals] = Ideal
    ) -> None:
        self._defects, self._seals = defects, seals

    def play(self, story: Story) -> Played:
        """In a folder that is gone afterwards."""
        dice = random.Random(f"{story.seed}/model")  # noqa: S311 a repeatable world, not a secret
        with tempfile.TemporaryDirectory() as folder:
            run = _Run(story, self._defects, dice, self._seals(dice), Path(folder))
            run.issue(0)
            for slot in range(1, story.slots - 1):
                run.slot(slot)
            run.issue(story.slots - 1)
            return run.played()


class _Sent(msgspec.Struct, frozen=True):
    """An envelope on its way."""

    at: int
    blob: bytes
    member: int


class _Run:
    def __init__(
        self, story: Story, defects: frozenset[Defect], dice: random.Random, seals: Seals, folder: Path
    ) -> None:
        self._story, self._defects, self._dice, self._seals = story, defects, dice, seals
        self._members = tuple(
            Member(f"192.0.2.{number + 10}", new_id("prt", dice.randbytes), (new_id("cas", dice.randbytes),))
            for number in range(story.members)
        )
        self._reports = {(one.slot, one.member): one for one in story.reports}
        self._begins = tuple(Instant(BEGIN + slot * SLOT) for slot in range(story.slots + 1))
        self._relay = Notebook(folder, RELAY, _RELAY_SCHEMA)
        self._partner = Notebook(folder, PARTNER, _PARTNER_SCHEMA)
        self._hub = Notebook(folder, HUB, _HUB_SCHEMA)
        self._hub.keeps("INSERT INTO member VALUES (?)", sorted((one.party,) for one in self._members))
        self._tokens: dict[int, list[bytes]] = {number: [] for number in range(story.members)}
        self._key = dice.randbytes(32)
        self._keys = {number: dice.randbytes(32) for number in range(story.members)}
        self._mailboxes: dict[int, list[bytes]] = {}

    def played(self) -> Played:
        """All is over."""
        views = {HUB: self._hub.view(), RELAY: self._relay.view(), PARTNER: self._partner.view()}
        return Played(self._members, self._begins, views)

    # tokens

    def issue(self, slot: int) -> None:
        """Every member asks for its quota, at a time that says nothing; the last round is for the next epoch."""
        if self._on(Defect.ON_DEMAND):
            return
        rows = []
        for number in range(self._story.members):
            count = QUOTA
            if slot and self._on(Defect.USED_QUOTA):
                count = QUOTA - len(self._tokens[number])
            rows.append(self._ask(number, slot, count, self._begins[slot] + self._dice.randrange(SLOT)))
        self._hub.keeps(_ISSUED, rows)

    def _ask(self, number: int, round_: int, count: int, at: int) -> tuple[Cell, ...]:
        """The issuer's row about it."""
        party = self._members[number].party
        self._hub.hears(at, 259 * count + 300, party)
        self._hub.says(at + _COMMIT, 256 * count + 300, party)
        if not round_ or self._on(Defect.ON_DEMAND):
            self._tokens[number] += [self._seals.token() for _ in range(count)]
        return round_, party, count, self._key_of(number)

    def _key_of(self, number: int) -> bytes:
        return self._keys[number] if self._on(Defect.KEY_PER_MEMBER) else self._key

    # one slot

    def slot(self, slot: int) -> None:
        """From its first envelope to the last acknowledgement of what it brought."""
        there = [number for number in range(self._story.members) if (number, slot) not in self._story.away]
        sent = []
        for number in there:
            begin = self._begins[slot]
            self._hub.hears(begin + self._dice.randrange(SLOT), 120, self._members[number].party)
            found = self._send(slot, number, self._reports.get((slot, number)))
            sent += [found] if found else []
        self._relay.keeps(
            "INSERT INTO admitted VALUES (?, ?)",
            sorted((slot, self._members[one.member].party) for one in sent),
        )
        self._relay.logs(self._begins[slot + 1], f"slot {slot}: {len(sent)} senders")
        self._poll(slot, there)
        entries = self._take_in(slot, self._mixed(slot, sent))
        self._acknowledge(slot, entries)

    def _send(self, slot: int, number: int, report: Report | None) -> _Sent | None:
        if report is None and self._on(Defect.NO_COVER):
            return None
        at = self._begins[slot] + 10 * SECOND + self._dice.randrange(SLOT - MINUTE)
        if report is not None and self._on(Defect.ON_DEMAND):
            self._hub.keeps(_ISSUED, [self._ask(number, slot, 1, at - 2 * SECOND)])
        request = self._seals.wrap(self._seals.seal(self._plaintext(number, report)))
        again = report is not None or not self._on(Defect.RETRY_REAL)
        late = _LATE if report is not None and self._on(Defect.LATE_BUILDING) else 0
        lost = self._dice.random() < _LOST
        arrived = self._over_the_line(at, number, request, late, lost=lost)
        if lost and not again:
            return None
        if lost:
            arrived = self._over_the_line(arrived + _RETRY, number, request, late, lost=False)
        self._reply(number, arrived, real=report is not None)
        return _Sent(arrived, request, number)

    def _plaintext(self, number: int, report: Report | None) -> bytes:
        if report is None:
            return bytes(PLAINTEXT)
        case = self._members[number].secrets[0]
        original = case if self._on(Defect.ORIGINAL_ID) else new_id("rpt", self._dice.randbytes)
        said = {"id": original, "indicator": report.value, "attack": "phishing", "day": "2026-11-21"}
        body = self._tokens[number].pop() + json.dumps(said).encode()
        return b"\x01" + (body if self._on(Defect.UNPADDED) else body.ljust(PLAINTEXT - 1, b"\x00"))

    def _over_the_line(self, at: int, number: int, request: bytes, late: int, *, lost: bool) -> int:
        """A connection, and then the envelope, or what of it came through."""
        address = self._members[number].address
        self._relay.hears(at, _HELLO, address)
        at += late + self._delay(30, 4)
        self._relay.hears(at, len(request) // 2 if lost else len(request), address)
        return at

    def _reply(self, number: int, arrived: int, *, real: bool) -> None:
        """From the gateway, through the relay: always of one size, after one time."""
        far = self._hub if self._on(Defect.GATEWAY_AT_HUB) else self._partner
        peer = HUB if self._on(Defect.GATEWAY_AT_HUB) else PARTNER
        there = arrived + self._delay(12, 1)
        back = there + self._delay(5, 1)
        back += _COMMIT if real and self._on(Defect.REPLY_AFTER_COMMIT) else 0
        self._relay.says(arrived + _MILLISECOND, PLAINTEXT + 1_300, peer)
        far.hears(there, PLAINTEXT + 1_300, RELAY)
        far.says(back, _REPLY, RELAY)
        self._relay.hears(back + 12 * _MILLISECOND, _REPLY, peer)
        self._relay.says(back + 13 * _MILLISECOND, _REPLY, self._members[number].address)

    def _delay(self, milliseconds: float, deviation: float) -> int:
        return max(1, round(self._dice.gauss(milliseconds, deviation) * _MILLISECOND))

    # mix and hub

    def _mixed(self, slot: int, sent: list[_Sent]) -> list[_Sent]:
        """What the hub is given, in the order in which it is."""
        opened = sorted(
            (msgspec.structs.replace(one, blob=self._seals.unwrap(one.blob)) for one in sent),
            key=lambda one: one.at,
        )
        if self._on(Defect.GATEWAY_AT_HUB):
            return opened
        hashes = sorted(sha256(one.blob).digest() for one in opened)
        self._partner.keeps("INSERT INTO blob VALUES (?, ?)", [(slot, one) for one in hashes])
        self._partner.logs(self._begins[slot + 1], f"slot {slot}: {len(opened)} blobs")
        if self._on(Defect.CREATED_AT):
            for one in opened:
                self._partner.says(one.at + 15 * _MILLISECOND, len(one.blob), HUB)
                self._hub.hears(one.at + 16 * _MILLISECOND, len(one.blob), PARTNER)
            return opened
        size = sum(len(one.blob) for one in opened)
        self._partner.says(self._begins[slot + 1] + SECOND, size, HUB)
        self._hub.hears(self._begins[slot + 1] + SECOND, size, PARTNER)
        if self._on(Defect.ARRIVAL_ORDER):
            return opened
        return sorted(opened, key=lambda one: sha256(one.blob).digest())

    def _take_in(self, slot: int, given: list[_Sent]) -> dict[str, int]:
        """All reports of the slot, in one transaction; the entries, each with its sender."""
        end, found = self._begins[slot + 1], []
        for one in given:
            plaintext = self._seals.open(one.blob)
            if plaintext[0]:
                found.append((one, plaintext[1:355], plaintext[355:].rstrip(b"\x00")))
        if not self._on(Defect.ARRIVAL_ORDER) and not self._on(Defect.CREATED_AT):
            found.sort(key=lambda one: sha256(one[2]).digest())
        entries, rows = {}, []
        for one, token, body in found:
            self._seals.check(token)
            entry, mailbox = new_id("fct", self._dice.randbytes), None
            if self._on(Defect.MAILBOX):
                mailbox = self._dice.randbytes(32)
                self._mailboxes.setdefault(one.member, []).append(mailbox)
            added = one.at + 17 * _MILLISECOND if self._on(Defect.CREATED_AT) else end
            rows.append((entry, added, self._key_of(one.member), mailbox, body))
            entries[entry] = one.member
            if self._on(Defect.ADDRESS_LOGGED):
                self._hub.logs(end, f"report {entry} came by {self._members[one.member].address}")
        self._hub.keeps("INSERT INTO entry (id, added, key, mailbox, body) VALUES (?, ?, ?, ?, ?)", rows)
        spent: list[tuple[Cell, ...]] = [(sha256(token).digest(),) for _, token, _ in found]
        self._hub.keeps("INSERT INTO spent VALUES (?)", sorted(spent))
        self._hub.logs(end, f"slot {slot}: {len(given)} blobs, {len(rows)} reports")
        return entries

    # what follows

    def _acknowledge(self, slot: int, entries: dict[str, int]) -> None:
        """Every member that is there when they come, each after a time of its own."""
        rows = []
        for entry, sender in entries.items():
            for number in range(self._story.members):
                away = (number, slot + 1) in self._story.away
                if not away and (number != sender or not self._on(Defect.ACK_SKIPPED)):
                    party = self._members[number].party
                    at = self._begins[slot + 1] + MINUTE + self._dice.randrange(MINUTE)
                    self._hub.hears(at, 240, party)
                    rows.append((entry, party, slot))
        self._hub.keeps("INSERT INTO acknowledged VALUES (?, ?, ?)", rows)

    def _poll(self, slot: int, there: list[int]) -> None:
        for number in there:
            for mailbox in self._mailboxes.get(number, ()):
                at = self._begins[slot] + self._dice.randrange(SLOT)
                self._hub.keeps("INSERT INTO polled VALUES (?, ?)", [(mailbox, at)])

    def _on(self, defect: Defect) -> bool:
        return defect in self._defects
