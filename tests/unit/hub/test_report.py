# SPDX-License-Identifier: Apache-2.0
"""A report at the hub: a verdict for each object, streams for each audience, versions, and who must not read it."""

import msgspec
import pytest
from tests.alliance import URL, Agent, Alliance

from tocsin.agent.verbs.report import PATH
from tocsin.domain.marking import PAP, TLP, Marking
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.party import Role
from tocsin.errors import Forbidden, Malformed, Refused, TocsinError, Unknown
from tocsin.ids import new_id, to_stix
from tocsin.wire.messages import Entry, Outcome, Report, decode, encode, peek
from tocsin.wire.sse import EventParser
from tocsin.wire.stix21 import StixGrouping, StixIndicator, observable_of, read

EVIL = normalise(Kind.DOMAIN, "evil.example")
BAD = normalise(Kind.URL, "https://bad.example/login")
WORSE = normalise(Kind.IPV4, "203.0.113.7")


def indicators(report: Report) -> list[int]:
    """Positions of its indicators."""
    return list(range(1, len(report.objects)))


def changed(report: Report, place: int, **fields: object) -> Report:
    """The report with one object whose fields are others, in the very bytes that minting would write."""
    objects = list(report.objects)
    alliance = msgspec.json.decode(bytes(objects[0]))["created_by_ref"]
    found = read(bytes(objects[place]), alliance)
    objects[place] = msgspec.Raw(encode(msgspec.structs.replace(found, **fields)))
    return msgspec.structs.replace(report, objects=tuple(objects))


def changed_unread(report: Report, **fields: object) -> Report:
    """The same of the grouping, with what no reader of ours takes."""
    grouping = msgspec.json.decode(bytes(report.objects[0]), type=StixGrouping)
    return raw(report, 0, encode(msgspec.structs.replace(grouping, **fields)))


def raw(report: Report, place: int, data: bytes) -> Report:
    objects = list(report.objects)
    objects[place] = msgspec.Raw(data)
    return msgspec.structs.replace(report, objects=tuple(objects))


def values(alliance: Alliance, stream: str) -> list[Observable]:
    """What the indicators in a stream name."""
    bodies = [body for _, kind, _, body in alliance.entries(stream) if kind == "object" and body]
    found = [msgspec.json.decode(body, type=StixIndicator | StixGrouping) for body in bodies]
    return [observable_of(one.pattern) for one in found if isinstance(one, StixIndicator)]


def statuses(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [outcome.status for outcome in outcomes]


async def test_each_object_has_its_place_in_the_receipt(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(EVIL, BAD)
        outcomes = await agent.tell(PATH, report)
        assert [(one.status, one.stream, one.seq) for one in outcomes] == [
            ("accepted", "members", seq) for seq in range(3)
        ]
        assert values(alliance, "members") == [EVIL, BAD]
        assert {fact for _, _, fact, _ in alliance.entries("members")} == {report.id}


NO_READER_TAKES_IT = [
    b"null",
    b'"text"',
    b"{}",
    b'{"type":"malware"}',
    b"[" * 500 + b"]" * 500,
]


@pytest.mark.parametrize("data", NO_READER_TAKES_IT)
async def test_an_object_that_cannot_be_read_costs_only_itself(tmp_path, data):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        outcomes = await agent.tell(PATH, raw(agent.report_message(EVIL, BAD, WORSE), 2, data))
        assert sorted(statuses(outcomes)) == ["accepted", "accepted", "accepted", "refused"]
        (refused,) = [one for one in outcomes if one.status == "refused"]
        assert refused.object == "objects[2]"
        assert refused.reason
        assert values(alliance, "members") == [EVIL, WORSE]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"pattern": "[ipv4-addr:value = '10.1.2.3']"}, "private"),
        ({"pattern": "[domain-name:value = 'co.uk']"}, "public suffix"),
        ({"pattern": "[url:value = 'https://bad.example/?u=jane@bank.example']"}, "mail address"),
        ({"pattern": "[ipv4-addr:value ISSUBSET '20.0.0.0/7']"}, "narrower"),
        ({"labels": ("part:victim", "PAP:GREEN")}, "part"),
        ({"object_marking_refs": ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",)}, "otherwise"),
        ({"id": "indicator--00000000-0000-4000-8000-000000000001"}, "not of this grouping"),
    ],
    ids=[
        "a private address",
        "a suffix",
        "a mail address",
        "too wide",
        "an odd part",
        "another marking",
        "a stranger",
    ],
)
async def test_an_indicator_that_breaks_a_rule_costs_only_itself(tmp_path, fields, reason):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        outcomes = await agent.tell(PATH, changed(agent.report_message(EVIL, BAD, WORSE), 2, **fields))
        assert sorted(statuses(outcomes)) == ["accepted", "accepted", "accepted", "refused"]
        (refused,) = [one for one in outcomes if one.status == "refused"]
        assert reason in refused.reason
        assert values(alliance, "members") == [EVIL, WORSE]


async def test_a_report_of_which_nothing_is_left_is_refused_with_the_first_reason(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        with pytest.raises(Refused, match="private"):
            await agent.tell(
                PATH, changed(agent.report_message(EVIL), 1, pattern="[ipv4-addr:value = '10.1.2.3']")
            )
        assert "members" not in alliance.sizes()


async def test_two_objects_under_one_identifier_are_one(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(EVIL, BAD)
        first = msgspec.json.decode(bytes(report.objects[1]))["id"]
        outcomes = await agent.tell(PATH, changed(report, 2, id=first))
        assert statuses(outcomes) == ["accepted", "accepted", "refused"]
        assert values(alliance, "members") == [EVIL]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda report: raw(report, 0, b"{}"), "exactly one grouping"),
        (lambda report: raw(report, 1, bytes(report.objects[0])), "exactly one grouping"),
        (
            lambda report: changed(report, 0, id="grouping--00000000-0000-4000-8000-000000000001"),
            "not the report's",
        ),
        (lambda report: changed(report, 0, labels=("attack:boredom", "PAP:GREEN")), "not a kind of attack"),
    ],
    ids=["no grouping", "two groupings", "another report's", "no such attack"],
)
async def test_a_report_that_is_no_whole_is_refused(tmp_path, spoil, sentence):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        with pytest.raises((Refused, Malformed), match=sentence):
            await agent.tell(PATH, spoil(agent.report_message(EVIL)))
        assert "members" not in alliance.sizes()


async def test_a_text_is_linted_again_and_stands_in_the_grouping(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(EVIL)
        with pytest.raises(Refused, match="text, line 1: It names an address"):
            await agent.tell(PATH, changed(report, 0, description="Ask jane[@]bank[.]example."))
        outcomes = await agent.tell(PATH, changed(report, 0, description="They called, then evil[.]example."))
        assert statuses(outcomes) == ["accepted", "accepted"]


async def test_a_text_that_no_screen_may_show_costs_the_report(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        with pytest.raises(Refused, match="exactly one grouping"):
            await agent.tell(PATH, changed_unread(agent.report_message(EVIL), description="\x1b[2J"))


async def test_red_is_for_one_room_and_not_for_a_stream(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        with pytest.raises(Refused, match="RED"):
            await agent.tell(PATH, agent.report_message(EVIL, marking=Marking(TLP.RED, PAP.RED)))


@pytest.mark.parametrize("many", [0, 1_002])
async def test_a_report_holds_a_bounded_number_of_objects(tmp_path, many):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(EVIL)
        with pytest.raises(Malformed, match="1 to 1001 objects"):
            await agent.tell(PATH, msgspec.structs.replace(report, objects=(report.objects[0],) * many))


async def test_the_largest_report_passes(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        many = [normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(1_000)]
        outcomes = await agent.tell(PATH, agent.report_message(*many))
        assert set(statuses(outcomes)) == {"accepted"}
        assert alliance.sizes()["members"] == 1_001


@pytest.mark.parametrize(
    ("report_class", "refusal"),
    [("now", Refused), ("mixed", Refused), ("other", Malformed), ("", Malformed)],
)
async def test_an_anonymous_class_does_not_come_by_name_and_is_not_taken_for_another(
    tmp_path, report_class, refusal
):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = msgspec.structs.replace(agent.report_message(EVIL), report_class=report_class)
        with pytest.raises(refusal, match=r"anonymous path|not a class"):
            await agent.tell(PATH, report)


# --- audiences


async def test_a_bank_that_chooses_nobody_reports_to_the_members(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(EVIL)
        assert values(alliance, "members") == [EVIL]
        assert set(alliance.sizes()) == {"directory", "members"}


async def test_the_police_do_not_receive_one_byte_of_what_a_bank_told_the_members(tmp_path):
    async with Alliance(tmp_path) as alliance:
        bank, other = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        police = await alliance.join("yard", Role.AGENCY, follow=False)
        regulator = await alliance.join("watch", Role.REGULATOR, follow=False)
        desk = await alliance.join("desk", Role.DESK, follow=False)
        await bank.report(EVIL)
        await bank.report(BAD, audiences=("role:agency", f"party:{regulator.party}"))
        await alliance.settled()
        served = {agent.short: opened(await connection(agent)) for agent in (other, police, regulator, desk)}
        told = {short: (b"evil.example" in data, b"bad.example" in data) for short, data in served.items()}
        assert told == {
            "bute": (True, False),
            "yard": (False, True),
            "watch": (False, True),
            "desk": (True, False),
        }
        # Neither a name of the stream nor a length of it, by which its pulse could be read.
        assert b"members" not in served["yard"] + served["watch"]


async def connection(agent: Agent) -> bytes:
    """Every byte of a new connection up to its reading position."""
    data = b""
    async with agent.hub().stream("") as chunks:
        async for chunk in chunks:
            data += chunk
            if b"\nid: " in data or data.startswith(b"id: "):
                return data
    raise AssertionError("the hub ended the connection")


def entries(data: bytes) -> list[Entry]:
    """The entries in the bytes of a connection."""
    events = [data for cursor, data in EventParser().feed(data) if cursor is None]
    return [decode(data, Entry) for data in events if peek(data).kind == "entry"]


def opened(data: bytes) -> bytes:
    """The bytes of a connection, and what its entries hold in base64."""
    return data + b"".join(entry.header + (entry.body or b"") for entry in entries(data))


async def test_an_entry_never_says_who_sent_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        bank, other = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        await bank.report(EVIL)
        await alliance.settled()
        members = [entry for entry in entries(await connection(other)) if entry.stream == "members"]
        assert len(members) == 2
        for entry in members:
            held = encode(entry) + entry.header + (entry.body or b"")
            assert bank.party.encode() not in held
            assert bank.membership.name.encode() not in held


async def test_several_audiences_are_several_entries_of_one_fact(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        outcomes = await agent.tell(
            PATH, agent.report_message(EVIL, audiences=("members", "role:agency", "members"))
        )
        assert [one.stream for one in outcomes] == ["members"] * 2 + ["role:agency"] * 2
        facts = {fact for stream in ("members", "role:agency") for _, _, fact, _ in alliance.entries(stream)}
        assert len(facts) == 1


@pytest.mark.parametrize(
    ("audience", "error"),
    [
        ("everybody", Malformed),
        ("", Malformed),
        ("role:admin", Malformed),
        ("jurisdiction:gb", Malformed),
        ("directory", Malformed),
        ("group:sepa", Forbidden),
        (f"party:prt_{'0' * 12}4000800000000000{'0' * 4}", Unknown),
    ],
)
async def test_an_audience_that_nobody_may_address_is_refused(tmp_path, audience, error: type[TocsinError]):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        with pytest.raises(error):
            await agent.tell(PATH, agent.report_message(EVIL, audiences=(audience,)))
        assert set(alliance.sizes()) == {"directory"}


async def test_a_report_has_a_bounded_number_of_audiences(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        nine = tuple(
            f"jurisdiction:{code}" for code in ("GB", "DE", "FR", "IT", "ES", "PT", "NL", "BE", "LU")
        )
        with pytest.raises(Malformed, match="at most 8"):
            await agent.tell(PATH, agent.report_message(EVIL, audiences=nine))


# --- versions


async def test_an_object_posted_before_is_known_and_another_content_under_it_a_conflict(tmp_path):
    """Under a new report identifier the same objects come again: their identifiers are the owner's own."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(EVIL, BAD)
        await agent.tell(PATH, report)
        again = anew(agent, report)
        outcomes = await agent.tell(PATH, again)
        assert sorted(statuses(outcomes)) == ["accepted", "known", "known"]  # the grouping is a new one
        other = changed(anew(agent, report), 1, pattern="[domain-name:value = 'other.example']")
        assert sorted(statuses(await agent.tell(PATH, other))) == ["accepted", "conflict", "known"]
        assert values(alliance, "members") == [EVIL, BAD]


async def test_versions_are_their_owners_so_an_answer_tells_nothing_of_anybody_else(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, other = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        report = one.report_message(EVIL)
        first, second = await one.tell(PATH, report), await other.tell(PATH, report)
        assert statuses(first) == statuses(second) == ["accepted", "accepted"]


def anew(agent: Agent, report: Report) -> Report:
    """The same indicators in a report of another identifier."""
    identifier = new_id("rpt", agent.entropy)
    again = msgspec.structs.replace(report, id=identifier)
    return changed(again, 0, id=to_stix(identifier, "grouping"))


async def test_the_address_describes_itself(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        document = (await agent.http.get(f"{URL}/openapi.json")).json()
        assert document["openapi"] == "3.1.0"
        assert set(document["paths"]) >= {
            "/v1/enrolments",
            "/v1/reports",
            "/v1/sightings",
            "/v1/warnings",
            "/v1/erasures",
            "/v1/stream",
            "/v1/health",
        }
        named = set(document["components"]["schemas"])
        refs = {
            part.rpartition("/")[2] for part in strings(document) if part.startswith("#/components/schemas/")
        }
        assert refs <= named
        assert document["paths"]["/v1/enrolments"]["post"]["security"] == []
        assert document["paths"]["/v1/reports"]["post"]["security"] == [{"signature": []}]


def strings(part: object) -> list[str]:
    """Every string in a document."""
    if isinstance(part, dict):
        return [text for value in part.values() for text in strings(value)]
    if isinstance(part, list):
        return [text for value in part for text in strings(value)]
    return [part] if isinstance(part, str) else []


async def test_addresses_that_are_not_served_say_so_in_our_own_words(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        nothing, wrong = await agent.http.get(f"{URL}/"), await agent.http.get(f"{URL}/v1/reports")
        assert (nothing.status_code, wrong.status_code) == (404, 405)
        assert nothing.headers["content-type"] == wrong.headers["content-type"] == "application/problem+json"
        health = (await agent.http.get(f"{URL}/v1/health")).json()
        assert health == {"kind": "health", "v": 1, "ready": True, "witness": "witnessed"}
