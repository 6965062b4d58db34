# SPDX-License-Identifier: Apache-2.0
"""Taking back: only one's own, everywhere at once, gone from the disk, and the history proves itself all the same."""

import pytest
from tests.alliance import Alliance, until
from tests.looking import bytes_of, look
from tests.unit.hub.asking import EVIL, erase, post, problem, sight, signed

from tocsin.agent.verbs import erase as erasing
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Malformed, StoreBusy, Unknown
from tocsin.hub import retention
from tocsin.hub.streams import HUB_ITSELF
from tocsin.hub.verbs.erase import erase_fact
from tocsin.ids import new_id
from tocsin.wire.events import ErasureEvent
from tocsin.wire.messages import Erase, decode, encode

PLANTED = normalise(Kind.URL, "https://planted-marker-4711.example/login")


async def test_what_is_taken_back_is_gone_from_every_stream_and_from_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(
        retention, "_SCRUB_SECONDS", 0.2
    )  # the first scrub gives way to whoever reads just then
    async with Alliance(tmp_path) as alliance:
        one, two = await alliance.join("ayr"), await alliance.join("bute")
        fact = await one.report(PLANTED, audiences=("members", "jurisdiction:GB"))
        await two.report(EVIL)
        await alliance.settled()
        places = ((tmp_path, "hub.db"), (one.house.folder, "agent.db"), (two.house.folder, "agent.db"))
        for folder, name in places:
            assert b"planted-marker-4711" in bytes_of(folder, name)
        outcomes = await erase(one, fact)
        assert sorted((one.stream, one.reason) for one in outcomes) == [
            ("jurisdiction:GB", "2 erased"),
            ("members", "2 erased"),
        ]
        await alliance.settled()
        for folder, name in places:  # the files are scrubbed a moment after the answer
            await until(lambda where=(folder, name): b"planted-marker-4711" not in bytes_of(*where))
        assert two.level(PLANTED.value) == ""
        assert two.level(EVIL.value) == "watch"
        assert one.alarms() == two.alarms() == []


async def test_the_entry_that_says_so_names_every_place(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(EVIL)
        fact = await agent.report(PLANTED)
        await erase(agent, fact)
        *_, (_, kind, _, body) = alliance.entries("members")
        assert kind == "erasure"
        assert body is not None
        assert decode(body, ErasureEvent) == ErasureEvent(fact=fact, seqs=(2, 3), reason="withdrawn")
        assert look(alliance.database, "SELECT count(*) FROM object WHERE digest IS NULL") == [(2,)]


async def test_a_new_reader_proves_the_history_without_the_bodies(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        fact = await agent.report(PLANTED)
        await agent.report(EVIL)
        await erase(agent, fact)
        reader = await alliance.join("bute")
        await alliance.settled()
        assert reader.sizes()["members"] == 5
        assert reader.alarms() == []
        assert (reader.level(PLANTED.value), reader.level(EVIL.value)) == ("", "watch")


async def test_erased_twice_is_known(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        fact = await agent.report(PLANTED)
        await erase(agent, fact)
        size = alliance.sizes()
        (outcome,) = await erase(agent, fact)
        assert (outcome.status, outcome.reason) == ("known", "It was erased before.")
        assert alliance.sizes() == size


async def test_somebody_elses_and_nobodys_fact_bring_the_same_bytes(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        fact = await one.report(PLANTED)
        answers = []
        for asked in (fact, new_id("rpt", two.entropy)):
            message = Erase(id=two.message_id(), sent=0, fact=asked, reason="mistake")
            body = encode(message)
            answer = await post(two, body, signed(two, body, path=erasing.PATH), erasing.PATH)
            answers.append((answer.status_code, answer.headers, answer.content.replace(asked.encode(), b"")))
        assert answers[0] == answers[1]
        assert problem(answer) == "unknown"
        assert alliance.entries("members")[0][3] is not None


async def test_nobody_prevents_anothers_withdrawal_by_using_its_identifier(tmp_path):
    """Members see a report's identifier. One that reports under it owns what it said, and nothing else."""
    async with Alliance(tmp_path) as alliance:
        one, two = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        report = one.report_message(PLANTED)
        await one.tell("/v1/reports", report)
        await two.tell("/v1/reports", report)
        outcomes = await erase(one, report.id)
        assert [outcome.reason for outcome in outcomes] == ["2 erased"]
        bodies = [body for _, kind, _, body in alliance.entries("members") if kind == "object"]
        assert [body is None for body in bodies] == [True, True, False, False]
        await erase(two, report.id)
        await until(lambda: b"planted-marker" not in bytes_of(tmp_path, "hub.db"))


async def test_what_could_not_be_scrubbed_is_scrubbed_after_the_next_wave(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(PLANTED)
        await agent.tell("/v1/reports", report)
        await alliance.settled()
        store = alliance.hub.commits._store
        scrub, tries = store.scrub, []

        def busy_at_first() -> None:
            tries.append(len(tries))
            if len(tries) == 1:
                raise StoreBusy("Somebody reads.")
            scrub()

        monkeypatch.setattr(store, "scrub", busy_at_first)
        await erase(agent, report.id)
        await until(lambda: len(tries) > 1)
        await until(lambda: b"planted-marker" not in bytes_of(tmp_path, "hub.db"))


async def test_the_operator_erases_what_anybody_said(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await alliance.join("ayr"), await alliance.join("bute")
        report = one.report_message(PLANTED)
        await one.tell("/v1/reports", report)
        await two.tell("/v1/reports", report)
        await alliance.hub.commits.run(
            lambda tx: erase_fact(tx, alliance.exchange, report.id, "law", HUB_ITSELF), erases=True
        )
        await alliance.settled()
        assert one.level(PLANTED.value) == two.level(PLANTED.value) == ""
        await until(lambda: b"planted-marker" not in bytes_of(tmp_path, "hub.db"))


async def test_a_sighting_is_taken_back_too(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        fact = await sight(agent, PLANTED)
        await alliance.settled()
        assert agent.level(PLANTED.value) == "watch"
        await erase(agent, fact)
        await alliance.settled()
        assert agent.level(PLANTED.value) == ""


@pytest.mark.parametrize(
    ("reason", "identifier"), [("spite", None), ("", None), ("mistake", "msg_1"), ("law", "")]
)
async def test_an_erasure_has_a_reason_and_an_identifier(tmp_path, reason, identifier):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        fact = await agent.report(PLANTED)
        message = Erase(
            id=agent.message_id() if identifier is None else identifier, sent=0, fact=fact, reason=reason
        )
        with pytest.raises(Malformed):
            await agent.tell(erasing.PATH, message)
        assert alliance.entries("members")[0][3] is not None


async def test_the_directory_is_nobodys_to_take_back(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        for _, _, fact, _ in alliance.entries("directory"):
            with pytest.raises(Unknown):
                await erase(agent, fact)
        assert all(body is not None for *_, body in alliance.entries("directory"))
