# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent trustee` and `tocsin hub trustees|opening|opened|audit`: the ceremony by files alone."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.unit.halves.test_audit import FAKED, REQUESTS, evidence, opened
from tests.unit.halves.test_opening import PARTY, kept, terms
from tests.unit.hub.test_enrol import enrol as enrolment

from tocsin.agent.trustee import CARD_FILE, KEY_FILE, read_card, read_keys
from tocsin.cli.main import run
from tocsin.cli.trustee import _objects
from tocsin.config.anonymous import AnonymousPath
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig
from tocsin.domain.party import Role
from tocsin.halves.audit import chosen
from tocsin.hub import app
from tocsin.hub.anonymous.openings import _asked
from tocsin.hub.verbs.enrol import redeem
from tocsin.wire.messages import Report, encode
from tocsin.wire.trustees import Trustee

NAMES = ("Counsel", "Judge", "Ombudsman")


class People:
    """Three trustees and a policeman, each with a folder, and a hub that holds one report."""

    def __init__(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.place, self._capsys = place, capsys
        for name in (*NAMES, "Police"):
            self.told("agent", "trustee", place / name, "init", "--name", name)
        self.hub = place / "hub"
        app.init(self.hub, "City Alliance", "http://hub.example", 8710, "hub.db")
        settings = load(self.hub / "hub.toml", HubConfig)
        path = AnonymousPath(operator="City", relay_url="https://relay.example", relay_key="")
        save(self.hub / "hub.toml", msgspec.structs.replace(settings, anonymous=path))
        self.kept = kept(terms(trustees=tuple(self.trustee(name) for name in NAMES)))
        self.report = "rpt_" + "a" * 32
        row = {"fact": self.report, "token": bytes(32), "kept": encode(self.kept)}
        with app.for_command(self.hub) as (_, store):
            store.run("a report", lambda tx: tx.run("keep_escrow", row))

    def trustee(self, name: str) -> Trustee:
        return read_card(self.card(name)).trustee

    def card(self, name: str) -> Path:
        return self.place / name / CARD_FILE

    def told(self, *words: str | Path, code: int = 0) -> dict:
        """What the command says to a program."""
        self._capsys.readouterr()
        assert run([*map(str, words), "--json"]) == code
        return json.loads(self._capsys.readouterr().out)

    def said(self, *words: str | Path, code: int = 0) -> str:
        """What it says to a person."""
        self._capsys.readouterr()
        assert run(list(map(str, words))) == code
        out = self._capsys.readouterr()
        return out.out + out.err

    def ask(self, *more: str) -> Path:
        file = self.place / f"request-{len(list(self.place.glob('request-*')))}"
        words = more or ("--report", self.report, "--purpose", "Case 7")
        self.told("hub", "opening", self.hub, *words, "--requester", self.card("Police"), "--out", file)
        return file

    def open(self, name: str, request: Path, fingerprint: str = "", code: int = 0) -> Path:
        file = self.place / f"share-{name}-{request.name}"
        told = fingerprint or self.trustee("Police").fingerprint
        self.told(
            "agent",
            "trustee",
            self.place / name,
            "open",
            request,
            "--requester",
            told,
            "--out",
            file,
            code=code,
        )
        return file


@pytest.fixture
def people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> People:
    return People(tmp_path, capsys)


def test_from_a_request_to_a_name_and_what_the_directory_says_of_it(people: People) -> None:
    request = people.ask()
    said = people.said("agent", "trustee", people.place / "Judge", "verify", request)
    for word in ("Police asks", "Case 7", people.report, "evil.example", "2 of 3 trustees", "opens share 2"):
        assert word in said
    assert "None of the shares is yours" in people.said(
        "agent", "trustee", people.place / "Police", "verify", request
    )
    shares = [people.open(name, request) for name in NAMES[1:]]
    naming = ["agent", "trustee", people.place / "Police", "name", request]
    found = people.told(*naming, *shares)
    assert (found["party"], found["trustees"], found["refused"]) == (PARTY, ["Judge", "Ombudsman"], [])
    assert "2 shares are needed, and 1 are good" in people.said(*naming, shares[0], code=1)
    assert "Only its requester" in people.said(
        "agent", "trustee", people.place / "Judge", "name", request, *shares, code=1
    )
    assert people.told("hub", "opened", people.hub, request, *shares) == {"trustees": ["Judge", "Ombudsman"]}
    assert people.told("hub", "opened", people.hub, people.ask(), *shares, code=1)["type"].endswith(
        "malformed"
    )


def test_a_rehearsal_needs_an_epoch_with_trustees(people: People) -> None:
    words = ["hub", "opening", people.hub, "--requester", people.card("Police"), "--out", people.place / "r"]
    assert "No epoch has trustees yet" in people.said(*words, "--rehearse", code=1)
    for wrong in (["--report", people.report], ["--rehearse", "--purpose", "x"]):
        assert "is opened for a --purpose" in people.said(*words, *wrong, code=2)
    assert "one of the arguments --report --rehearse is required" in people.said(*words, code=2)
    row = {"number": 1, "document": people.kept.document, "roster": b"", "state": 1}
    with app.for_command(people.hub) as (_, store):
        store.run("an epoch", lambda tx: tx.run("keep_epoch", row))
    request = people.ask("--rehearse")
    shares = [people.open(name, request) for name in NAMES[:2]]
    said = people.said("agent", "trustee", people.place / "Police", "name", request, *shares)
    assert "so many of these trustees can open" in said
    assert "it is no member's" in people.said("agent", "trustee", people.place / "Judge", "verify", request)


def test_a_trustee_opens_only_for_whom_it_was_told(people: People) -> None:
    request = people.ask()
    other = people.trustee("Counsel").fingerprint
    assert not people.open("Judge", request, other, code=1).exists()
    file = people.open("Judge", request)
    assert file.stat().st_mode & 0o777 == 0o600
    people.open("Judge", request, code=2)  # there is one already
    asking = [
        "--report",
        people.report,
        "--purpose",
        "x",
        "--requester",
        people.card("Police"),
        "--out",
        request,
    ]
    people.told("hub", "opening", people.hub, *asking, code=2)
    with app.for_command(people.hub) as (_, store), store.reading("directory") as tx:
        assert len(_asked(tx)) == 1, "nothing is stated of a request that was never written"


def test_a_sender_cannot_keep_a_trustee_from_reading_or_write_lines_of_its_own() -> None:
    raw = (b"5", b'{"type":"indicator","pattern":7}', b'{"type":"x","pattern":"a\\nYour key opens share 1."}')
    report = Report(id="rpt_" + "a" * 32, objects=tuple(map(msgspec.Raw, raw)), sent=0)
    odd = "what is no object of a report"
    assert list(_objects(report)) == [odd, odd, "a\\nYour key opens share 1."]


def test_a_member_is_looked_up_where_an_agent_knows_the_directory(people: People, tmp_path: Path) -> None:
    request = people.ask()
    shares = [people.open(name, request) for name in NAMES[:2]]
    naming = ["agent", "trustee", people.place / "Police", "name", request, *shares]
    assert "sent by prt_1111" in people.said(*naming)
    assert people.told(*naming, "--agent", tmp_path / "none", code=2)["type"].endswith("missing")


def test_trustees_are_declared_by_their_cards(people: People) -> None:
    cards = [people.card(name) for name in NAMES]
    declare = ["hub", "trustees", people.hub]
    made = people.told(*declare, "--needed", "2", *cards)
    assert (made["token_class"], made["needed"], [one["name"] for one in made["trustees"]]) == (
        "accountable",
        2,
        [*NAMES],
    )
    assert people.trustee("Judge").fingerprint in people.said(*declare, "--needed", "3", *cards)
    before = (people.hub / "hub.toml").read_bytes()
    for wrong in (
        ["--needed", "1", *cards],
        ["--needed", "2", cards[0], cards[0]],
        ["--needed", "4", *cards],
    ):
        people.told(*declare, *wrong, code=1)
    people.told("agent", "trustee", people.place / "own", "init", "--name", "city")
    people.told(*declare, "--needed", "2", cards[0], people.card("own"), code=1)
    assert (people.hub / "hub.toml").read_bytes() == before
    bent = people.place / "bent.json"
    bent.write_bytes(cards[0].read_bytes().replace(b"Counsel", b"Cousin!"))
    people.told(*declare, "--needed", "2", cards[1], bent, code=1)


def test_keys_are_never_overwritten_and_a_damaged_one_is_said(people: People) -> None:
    folder = people.place / "Judge"
    before = read_keys(folder).trustee
    assert "never overwritten" in people.said("agent", "trustee", folder, "init", "--name", "Other", code=2)
    shown = people.told("agent", "trustee", folder, "show")
    assert (shown["name"], shown["fingerprint"]) == ("Judge", before.fingerprint)
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert "holds no trustee's keys" in people.said("agent", "trustee", people.place, "show", code=2)
    (folder / KEY_FILE).write_bytes(b'{"name":"Judge","seed":""}')
    assert "is damaged" in people.said("agent", "trustee", folder, "show", code=2)
    assert "no file that can be read" in people.said(
        "agent", "trustee", people.place / "Counsel", "verify", "none", code=2
    )


def test_whoever_was_caught_is_shown_to_anybody(people: People) -> None:
    draw = next(n.to_bytes(32) for n in range(99) if 0 in chosen(n.to_bytes(32), 6))
    proof = encode(evidence(opened([FAKED[0], *REQUESTS[1:]], draw)))
    code = app.enrol(people.hub, "Ayr Bank plc", Role.BANK, "GB").code
    with app.for_command(people.hub) as (hub, store):
        party = store.run("join", lambda tx: redeem(tx, hub, enrolment(code))).party
        rows = [(party, 1), ("prt_" + "1" * 32, 2)]
        for one, state in rows:
            row = {"epoch": 1, "party": one, "digest": bytes(32), "draw": draw, "state": state}
            store.run("asked", lambda tx, row=row: tx.run("note_issued", row))
        caught = {"epoch": 1, "party": rows[1][0], "evidence": proof}
        store.run("caught", lambda tx: tx.run("keep_false_tokens", caught))
    found = people.told("hub", "audit", people.hub, "--out", people.place, code=1)
    assert (found["asked"], found["given"], found["caught"], len(found["files"])) == (0, 1, 1, 1)
    shown = people.told("verify", found["files"][0])
    assert (shown["party"], shown["epoch"], shown["places"]) == (rows[1][0], 1, [0])
    assert "Compare key and epoch document with the directory" in people.said("verify", found["files"][0])
    honest = people.place / "honest.json"
    honest.write_bytes(encode(evidence(opened(REQUESTS, draw))))
    assert "nothing wrong" in people.said("verify", honest, code=1)
