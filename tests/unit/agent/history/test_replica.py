# SPDX-License-Identifier: Apache-2.0
"""The replica's views are what its surviving entries say, in whatever order they came; a hub cannot invent the rest."""

import random
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.agent.history.replica import Replica
from tocsin.agent.vault import Membership
from tocsin.clock import DAY, Instant, ManualClock
from tocsin.config.shields import Decay
from tocsin.domain.level import Band
from tocsin.domain.marking import PAP, TLP, Marking
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.party import Role, Standing
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import TocsinError
from tocsin.follow.verify import StreamState, VerifiedEntry
from tocsin.ids import new_id
from tocsin.proof.merkle import EMPTY
from tocsin.proof.note import Checkpoint, KeyKind, VerifierKey, log_origin, sign_note
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store
from tocsin.wire.events import BandEvent, ErasureEvent, SightingEvent, WarningEvent
from tocsin.wire.messages import Header, Message, encode, encode_warning
from tocsin.wire.parties import AgreementEvent, KeyEvent, PartyEvent
from tocsin.wire.stix21 import TLP_REFS, StixIndicator, pattern_of

HUB = SigningKey.from_seed(b"h" * 32)
POLICE, BANK, MALLORY = (SigningKey.from_seed(letter * 32) for letter in (b"a", b"b", b"m"))
ALLIANCE = "identity--3f0c2a64-5a3b-4c8e-9b1d-0123456789ab"
HUB_ID = "hub_1"
YARD, AYR = "prt_1f0c2a645a3b4c8e9b1d0123456789ab", "prt_2f0c2a645a3b4c8e9b1d0123456789ab"
NOW = Instant(1_795_249_800_000_000)
VALUES = tuple(normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(3))
STREAMS = ("members", "all")
SALT = bytes(32)


def membership() -> Membership:
    key = VerifierKey(log_origin(HUB_ID, "live"), KeyKind.NOTE, HUB.public)
    return Membership(
        party="prt_9f0c2a645a3b4c8e9b1d0123456789ab",
        name="Clyde Bank plc",
        role="bank",
        jurisdiction="GB",
        realm="live",
        hub=HUB_ID,
        hub_key=str(key),
        partner_key=None,
        alliance="City",
        alliance_identity=ALLIANCE,
        signing_seed=SALT,
        sealing_seed=SALT,
        recovery_key=SALT,
    )


class Hub:
    """Whoever holds the hub's key: appends what it likes, under heads that prove themselves."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = ManualClock(NOW)
        self.replica = Replica(store, membership(), Decay(), self.clock)
        self.kept: dict[str, list[VerifiedEntry]] = {}
        self.logs = 0
        for party, role, key in ((YARD, Role.AGENCY, POLICE), (AYR, Role.BANK, BANK)):
            self.append("directory", "party", party, party_event(party, role, key))

    def append(self, stream: str, kind: str, fact: str, body: Message | bytes, chain: str = "") -> int:
        """One more proved entry; its seq."""
        entries = self.kept.setdefault(stream, [])
        added = NOW + len(entries)
        directory = len(self.kept.get("directory", ()))
        header = Header(entry=kind, added=added, fact=fact, chain=chain, directory=directory)
        said = body if isinstance(body, bytes) else encode(body)
        leaf = sha256(f"{stream}{len(entries)}".encode() + said).digest()
        entry = VerifiedEntry(
            stream, len(entries), header, encode(header), SALT, SALT, SALT, leaf, said, SALT
        )
        entries.append(entry)
        self.keep(stream, [entry])
        return entry.seq

    def keep(self, stream: str, entries: list[VerifiedEntry]) -> None:
        frontier = EMPTY.extend(entry.leaf for entry in self.kept[stream])
        self.logs += 1
        root = sha256(str(self.logs).encode()).digest()
        note = sign_note(Checkpoint(log_origin(HUB_ID, "live"), self.logs, root), HUB)
        self.replica.keep(stream, StreamState(frontier, note), entries, "unwitnessed", self.clock.now())

    def alarms(self) -> list[str]:
        with self.store.reading("alarms") as tx:
            return [row.sentence for row in tx.all("alarms", {"limit": 50}, into=_Alarm)]


class _Alarm(msgspec.Struct, frozen=True):
    at: int
    sentence: str


def party_event(party: str, role: Role, key: SigningKey, standing: Standing = Standing.ACTIVE) -> PartyEvent:
    return PartyEvent(
        party=party,
        name=f"The {role}",
        role=role,
        jurisdiction="GB",
        standing=standing,
        signing_key=key.public,
        sealing_key=SALT,
        recovery_key=SALT,
        agreement="0" * 64,
    )


def indicator(value: Observable, number: int, marking: Marking = Marking()) -> bytes:  # noqa: B008 a frozen value
    day = "2026-11-21T00:00:00.000Z"
    return encode(
        StixIndicator(
            id=f"indicator--{number:08x}-5a3b-4c8e-9b1d-0123456789ab",
            created_by_ref=ALLIANCE,
            created=day,
            modified=day,
            pattern=pattern_of(value),
            valid_from=day,
            labels=("part:link", str(marking.pap)),
            object_marking_refs=(TLP_REFS[marking.tlp],),
        )
    )


def warning(author: str = YARD, **changes: object) -> Warning:
    said = Warning(
        id="wrn_1f0c2a645a3b4c8e9b1d0123456789ab",
        author=author,
        title="A wave",
        look_for=(VALUES[0],),
        measures="",
        urgency=Urgency.URGENT,
        issued=NOW,
        expires=Instant(NOW + DAY),
        officers=2,
    )
    return msgspec.structs.replace(said, **changes)


def signed(said: Warning, key: SigningKey, author: str | None = None, realm: str = "live") -> WarningEvent:
    data = encode_warning(said)
    signature = key.sign(Context("warning", realm, HUB_ID), data)
    return WarningEvent(author=author or said.author, warning=data, signature=signature)


@pytest.fixture
def hub():
    store = open_sqlite(":memory:", "agent")
    yield Hub(store)
    store.close()


def blocked(hub: Hub) -> list[tuple]:
    """Every posting, whatever it is worth."""
    return look_views(hub.store)["posting"]


VIEWS = {
    "posting": "value, stream, seq, fact, kind, may_block, since, expires",
    "band": "value, stream, seq, named",
    "body": "stream, seq",
}


def rows(store: Store, text: str) -> list[tuple]:
    """What a statement that is nobody's query gives."""
    return store._engine.fetch(Query("look", text, frozenset(), writes=False), {})[1]


def look_views(store: Store) -> dict[str, list[tuple]]:
    return {table: sorted(rows(store, f"SELECT {columns} FROM {table}")) for table, columns in VIEWS.items()}


# --- incremental = rebuild


class Said(msgspec.Struct, frozen=True):
    """A report, a sighting, a band, or the erasure of some earlier entries of its stream."""

    stream: str
    what: str
    value: int
    erases: tuple[int, ...] = ()


SAID = st.lists(
    st.builds(
        Said,
        stream=st.sampled_from(STREAMS),
        what=st.sampled_from(["report", "sighting", "band", "band", "erasure"]),
        value=st.integers(0, 2),
        erases=st.lists(st.integers(0, 12), max_size=3).map(tuple),
    ),
    max_size=14,
)


def say(hub: Hub, said: Said, number: int) -> None:
    value = VALUES[said.value]
    match said.what:
        case "report":
            hub.append(said.stream, "object", f"rpt_{number}", indicator(value, number))
        case "sighting":
            event = SightingEvent(observable=value, happened="2026-11-21")
            hub.append(said.stream, "sighting", f"msg_{number}", event)
        case "band":
            band = list(Band)[number % 5]
            hub.append(said.stream, "band", f"fct_{value}", BandEvent(observable=value, named=band))
        case "erasure":
            seqs = tuple(sorted({seq for seq in said.erases if seq < len(hub.kept.get(said.stream, []))}))
            hub.append(
                said.stream, "erasure", f"fct_{number}", ErasureEvent(fact="x", seqs=seqs, reason="law")
            )


def erased(hub: Hub) -> set[tuple[str, int]]:
    """Every place that an erasure named, of what was not an erasure itself."""
    events = [
        (entry.stream, msgspec.json.decode(entry.body or b"", type=ErasureEvent))
        for entries in hub.kept.values()
        for entry in entries
        if entry.header.entry == "erasure"
    ]
    return {(stream, seq) for stream, event in events for seq in event.seqs}


@given(said=SAID, seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_any_order_of_streams_and_a_rebuild_give_the_same_views(said, seed):
    """A reader of the whole log entry by entry, one whose streams interleave otherwise and come in pieces, and one that
    came after all erasures.
    """
    dice = random.Random(seed)
    stores = [open_sqlite(":memory:", "agent") for _ in range(3)]
    live = Hub(stores[0])
    for number, one in enumerate(said):
        say(live, one, number)
    other, late = Hub(stores[1]), Hub(stores[2])
    other.kept = late.kept = live.kept
    waiting = {stream: list(live.kept.get(stream, [])) for stream in STREAMS}
    while any(waiting.values()):
        stream = dice.choice([name for name, entries in waiting.items() if entries])
        count = dice.randint(1, 6)
        other.keep(stream, waiting[stream][:count])
        del waiting[stream][:count]
    gone = erased(live)
    for stream in STREAMS:
        entries = [
            msgspec.structs.replace(entry, body=None, salt_b=None)
            if (entry.stream, entry.seq) in gone and entry.header.entry != "erasure"
            else entry
            for entry in live.kept.get(stream, [])
        ]
        if entries:
            late.keep(stream, entries)
    views = [without_erasures(look_views(store), live) for store in stores]
    assert views[0] == views[1] == views[2]
    for store in stores:
        store.close()


def without_erasures(views: dict[str, list[tuple]], hub: Hub) -> dict[str, list[tuple]]:
    """An erasure that another one names is gone for whoever saw it live; the hub never writes such a one."""
    places = {
        (entry.stream, entry.seq)
        for entries in hub.kept.values()
        for entry in entries
        if entry.header.entry == "erasure"
    }
    return {**views, "body": [row for row in views["body"] if row not in places]}


def test_a_band_that_is_erased_brings_the_one_before_back(hub):
    for named in (Band.FEW, Band.SEVERAL):
        hub.append("members", "band", "fct_1", BandEvent(observable=VALUES[0], named=named))
    hub.append("members", "erasure", "fct_2", ErasureEvent(fact="fct_1", seqs=(1,), reason="law"))
    assert look_views(hub.store)["band"] == [(str(VALUES[0]), "members", 0, "2-4")]


# --- what a hub may not invent


def test_an_agencys_warning_is_acted_on(hub):
    hub.append("all", "warning", warning().id, signed(warning(), POLICE), chain="chn_1")
    assert [row[4] for row in blocked(hub)] == ["warning"]
    assert hub.alarms() == []


FORGED = [
    ("an author that nobody knows", signed(warning("prt_" + "0" * 32), MALLORY), "no active agency"),
    ("a bank", signed(warning(AYR), BANK), "no active agency"),
    ("the hub's own key", signed(warning(), HUB), "not made by this key"),
    ("a key of nobody's", signed(warning(), MALLORY), "not made by this key"),
    ("another realm", signed(warning(), POLICE, realm="drill"), "not made by this key"),
    ("another author than the one who signed", signed(warning(AYR), POLICE, author=YARD), "another party"),
    ("a life without end", signed(warning(expires=Instant(NOW + 400 * DAY)), POLICE), "within 90 days"),
    ("escapes", signed(warning(title="\x1b[2J"), POLICE), "control a terminal"),
    (
        "an odd value",
        signed(warning(look_for=(Observable(Kind.DOMAIN, "EVIL.example"),)), POLICE),
        "normal form",
    ),
]


@pytest.mark.parametrize(("event", "reason"), [one[1:] for one in FORGED], ids=[one[0] for one in FORGED])
def test_a_warning_that_its_author_could_not_have_signed_is_an_alarm_and_no_block(hub, event, reason):
    hub.append("all", "warning", warning().id, event, chain="chn_1")
    assert blocked(hub) == []
    (alarm,) = hub.alarms()
    assert reason in alarm
    assert "not acted on" in alarm
    hub.append("members", "object", "rpt_1", indicator(VALUES[1], 1))
    assert len(blocked(hub)) == 1  # the neighbours live


def test_a_suspended_agency_warns_nobody(hub):
    hub.append("directory", "party", YARD, party_event(YARD, Role.AGENCY, POLICE, Standing.SUSPENDED))
    hub.append("all", "warning", warning().id, signed(warning(), POLICE), chain="chn_1")
    assert blocked(hub) == []


def test_an_agencys_key_is_not_exchanged_by_the_hubs_word(hub):
    hub.append("directory", "party", YARD, party_event(YARD, Role.AGENCY, MALLORY))
    assert any("other keys than before" in alarm for alarm in hub.alarms())
    hub.append("all", "warning", warning().id, signed(warning(), MALLORY), chain="chn_1")
    assert blocked(hub) == []


@pytest.mark.parametrize("stream", ["members", "all", "party:prt_9f0c2a645a3b4c8e9b1d0123456789ab"])
def test_only_the_directory_says_who_belongs_and_whose_keys_count(hub, stream):
    """Else a hub could tell one reader of another key, in a stream that nobody else reads."""
    stranger = "prt_3f0c2a645a3b4c8e9b1d0123456789ab"
    before = directory_of(hub)
    partner = str(VerifierKey("partner.evil", KeyKind.COSIGNATURE, MALLORY.public))
    hub.append(stream, "party", stranger, party_event(stranger, Role.AGENCY, MALLORY))
    hub.append(stream, "party", YARD, party_event(YARD, Role.AGENCY, POLICE, Standing.SUSPENDED))
    hub.append(stream, "key", "fct_1", KeyEvent(holder="partner", key=partner))
    hub.append(stream, "agreement", "fct_2", AgreementEvent(digest="1" * 64))
    assert directory_of(hub) == before
    assert hub.replica.trust().partner_key is None
    alarms = hub.alarms()
    assert len(alarms) == 4
    assert all("Only the directory says" in alarm for alarm in alarms)


def directory_of(hub: Hub) -> list[list[tuple]]:
    """Everything that is believed of parties and keys."""
    tables = ("party", "party_history", "declared")
    return [rows(hub.store, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_people_hear_who_may_warn_and_who_takes_a_known_name(hub):
    own = hub.replica._membership.party
    hub.append("directory", "party", own, named("Clyde Bank plc", own, Role.BANK, HUB))
    assert hub.alarms() == []
    arrivals = [
        ("Harbour Bank plc", Role.BANK, ""),
        ("Harbour Police", Role.AGENCY, "may warn"),
        ("CLYDE  BANK, plc", Role.BANK, "reads like that of Clyde Bank plc"),
        ("\u0421lyde Bank plc", Role.REGULATOR, "reads like that of"),  # a Cyrillic letter
    ]
    for number, (name, role, _) in enumerate(arrivals):
        party = f"prt_{number}f0c2a645a3b4c8e9b1d0123456789cd"
        hub.append("directory", "party", party, named(name, party, role, MALLORY))
    expected = [part for _, _, part in reversed(arrivals) if part]
    assert [part in alarm for part, alarm in zip(expected, hub.alarms(), strict=True)] == [True] * 3
    assert all(alarm.startswith("For your information: ") for alarm in hub.alarms())


def named(name: str, party: str, role: Role, key: SigningKey) -> PartyEvent:
    return msgspec.structs.replace(party_event(party, role, key), name=name)


def test_a_partner_is_not_exchanged_by_the_hubs_word(hub):
    keys = [
        str(VerifierKey(f"partner.{name}", KeyKind.COSIGNATURE, key.public))
        for name, key in (("example", POLICE), ("evil", MALLORY))
    ]
    for key in (keys[0], keys[0], keys[1], ""):
        hub.append(
            "directory", "key", new_id("fct", random.Random(1).randbytes), KeyEvent(holder="partner", key=key)
        )
    assert str(hub.replica.trust().partner_key) == keys[0]
    assert len(hub.alarms()) == 2


POISON = [
    Observable(Kind.DOMAIN, "a.example CNAME .\n*.bank.example"),
    Observable(Kind.DOMAIN, "EVIL.example"),
    Observable(Kind.DOMAIN, "co.uk"),
    Observable(Kind.DOMAIN, ""),
    Observable(Kind.CIDR, "0.0.0.0/0"),
    Observable(Kind.CIDR, "::/0"),
    Observable(Kind.IPV4, "10.1.2.3"),
    Observable(Kind.IPV4, "127.0.0.1"),
    Observable(Kind.URL, "javascript:alert(1)"),
    Observable(Kind.URL, 'http://a.example/"; sid:1;) pass ip any any <> any any (msg:"'),
]


@pytest.mark.parametrize("value", POISON, ids=range(len(POISON)))
def test_a_value_that_could_poison_a_shield_is_an_alarm_and_no_posting(hub, value):
    """The hub's linter is not this bank's: nothing that it lets pass, or makes up, reaches a protection file."""
    hub.append("members", "sighting", "msg_1", SightingEvent(observable=value, happened="2026-11-21"))
    hub.append("members", "band", "fct_1", BandEvent(observable=value, named=Band.MANY))
    assert (look_views(hub.store)["posting"], look_views(hub.store)["band"]) == ([], [])
    assert len(hub.alarms()) == 2


def test_what_a_later_version_says_is_kept_and_neither_acted_on_nor_an_alarm(hub):
    later = [
        ("members", "forecast", b'{"kind":"forecast","v":1,"of":"rain"}'),
        ("members", "sighting", b'{"kind":"sighting","v":2,"seen":"evil-0.example"}'),
        ("directory", "party", b'{"kind":"party","v":7,"party":"x"}'),
    ]
    for stream, kind, body in later:
        hub.append(stream, kind, "fct_1", body)
    assert hub.alarms() == []
    assert blocked(hub) == []
    assert [row for row in look_views(hub.store)["body"] if row[0] == "members"] == [
        ("members", 0),
        ("members", 1),
    ]


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"kind":"band"}', b'{"kind":"sighting","v":1}'])
def test_a_body_that_is_not_what_its_header_says_is_kept_and_named(hub, body):
    hub.append("members", "sighting", "msg_1", body)
    assert any("members/0 was kept and is not acted on" in alarm for alarm in hub.alarms())
    assert blocked(hub) == []


def test_what_cannot_be_acted_on_costs_none_of_those_that_come_with_it(hub):
    """Many at once: a poisoned value, what is no object, nothing at all, what a later version says, one that waits for
    the directory, among good ones.
    """
    other = Hub(open_sqlite(":memory:", "agent"))
    bad = {1: b'{"kind":"object","v":2}', 2: b"", 3: indicator(POISON[0], 3), 4: b"{}"}
    for number in range(9):
        body = bad[number] if number in bad else indicator(VALUES[number % 3], number)
        other.append("members", "object", f"rpt_{number}", body)
    hub.kept["members"] = list(other.kept["members"])
    early = hub.kept["members"][6]
    header = msgspec.structs.replace(early.header, directory=50)
    hub.kept["members"][6] = msgspec.structs.replace(early, header=header, header_bytes=encode(header))
    hub.keep("members", hub.kept["members"])
    assert [row[2] for row in sorted(blocked(hub), key=lambda row: row[2])] == [0, 5, 7, 8]
    told = " ".join(hub.alarms())
    assert len(hub.alarms()) == 4
    assert all(f"members/{seq}" in told for seq in (2, 3, 4, 6))
    assert len(rows(hub.store, "SELECT seq FROM body WHERE stream = 'members'")) == 9
    other.store.close()


def test_a_disclosure_that_says_more_than_ours_do_is_not_acted_on(hub):
    for number, spoil in enumerate((b" ", b"\n", b',"x_bank":"Ayr Bank"')):
        body = indicator(VALUES[0], number)
        hub.append("members", "object", "rpt_1", body[:-1] + spoil + body[-1:])
    assert blocked(hub) == []
    assert len(hub.alarms()) == 3


def test_a_marking_that_forbids_blocking_is_remembered(hub):
    hub.append("members", "object", "rpt_1", indicator(VALUES[0], 1, Marking(TLP.AMBER, PAP.RED)))
    assert [row[5] for row in blocked(hub)] == [0]


def test_all_or_nothing_is_kept(hub, monkeypatch):
    """Killed in the middle of a wave, an agent holds the stream as it was."""
    before = look_views(hub.store)
    monkeypatch.setattr(hub.replica, "_keep", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        hub.append("members", "object", "rpt_1", indicator(VALUES[0], 1))
    assert look_views(hub.store) == before
    assert hub.replica.state("members").frontier.size == 0


def test_an_alarm_list_stays_short(hub):
    for number in range(1_010):
        hub.replica.alarm(TocsinError(str(number)))
    assert rows(hub.store, "SELECT count(*) FROM alarm") == [(1_000,)]
