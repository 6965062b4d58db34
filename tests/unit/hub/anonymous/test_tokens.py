# SPDX-License-Identifier: Apache-2.0
"""Every member is given its quota of tokens, once, by name; a bad one costs its sender its report and tells nobody."""

import msgspec
import pytest
from tests.anonymous import AnonymousAlliance, Sender
from tests.unit.hub.asking import BAD, EVIL

from tocsin.clock import Instant
from tocsin.errors import Conflict, Forbidden, Malformed, Unknown
from tocsin.privacy.tokens import TokenKey, ask, epoch_challenge, finish, token_nonce
from tocsin.proof.signing import SigningKey
from tocsin.wire.epoch import AskTokens, IssuedTokens
from tocsin.wire.messages import decode, encode


async def test_tokens_are_given_once_in_the_window_to_members_of_the_roster(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        first, second = await alliance.join("one"), await alliance.join("two")
        document = await alliance.first_epoch()
        sender, late = Sender(alliance, first), Sender(alliance, second)
        asked = sender.questions()
        await sender.ask(asked)
        tokens = sender.tokens
        await sender.ask(asked)  # its answer was lost, say
        assert sender.tokens == tokens
        with pytest.raises(Conflict, match="other requests"):
            await sender.ask()
        for count in (document.quota - 1, document.quota + 1):
            with pytest.raises(Malformed, match="all of its"):
                await late.ask(late.questions(count))
        late.number = 2
        with pytest.raises(Unknown):
            await late.ask()
        late.number = 1
        newcomer = await alliance.join("three")
        with pytest.raises(Forbidden, match="roster"):
            await Sender(alliance, newcomer).ask()
        await alliance.move_to(Instant(document.issue_until))
        with pytest.raises(Conflict, match="window"):
            await late.ask()
        await sender.ask(asked)
        assert alliance.look("SELECT count(*) FROM issued") == [(1,)]


async def token_of(sender: Sender, realm: str):
    """A token that the issuer signed unseen, for a challenge of its asker's choice."""
    key = TokenKey.parse(sender.document.issuer_key)
    challenge = epoch_challenge(
        sender.document.hub, realm=realm, token_class="open", epoch_document=sender.data
    )
    asked = []
    for _ in range(sender.document.quota):
        one_time, drawn = SigningKey.from_seed(sender.entropy(32)), sender.entropy(32)
        nonce = token_nonce(drawn, one_time.public)
        asked.append(
            (ask(key, challenge, nonce, salt=bytes(48), random=sender.entropy(272)), drawn, one_time)
        )
    message = AskTokens(number=1, requests=tuple(one.request.to_bytes() for one, _, _ in asked))
    answers = decode(await sender.agent.hub().post("/v1/tokens", encode(message)), IssuedTokens).answers
    return [
        (finish(one, answer), drawn, key) for (one, drawn, key), answer in zip(asked, answers, strict=True)
    ]


async def test_every_bad_token_brings_the_same_answer_and_its_reason_only_to_its_sender(tmp_path):
    async with AnonymousAlliance(tmp_path, results=8) as alliance:
        banks = [await alliance.join(short) for short in ("one", "two", "three", "four", "five", "six")]
        await alliance.first_epoch()
        senders = [Sender(alliance, bank) for bank in banks]
        good, forged, moved, drill, twice, foreign = senders
        for sender in (good, forged, moved, twice, foreign):
            await sender.ask()
        drill.tokens = await token_of(drill, "drill")
        await alliance.into_epoch()

        # A slot with one good report, and one spent before the bad ones come.
        spent = encode(twice.message(BAD))
        assert await twice.send(twice.enclosed(spent, which=0)) is None
        await alliance.next_slot()

        token, drawn, one_time = forged.tokens[0]
        flipped = bytes([token.authenticator[0] ^ 1]) + token.authenticator[1:]
        spoiled = msgspec.structs.replace(token, authenticator=flipped)
        stolen, stolen_drawn, _ = moved.tokens[0]
        another_key = msgspec.structs.replace(foreign.tokens[0][0], key_id=bytes(32))
        sent = {
            good: good.report(EVIL),
            forged: forged.sealed(encode(forged.message(EVIL)), spoiled, drawn, one_time),
            moved: moved.sealed(
                encode(moved.message(EVIL)), stolen, stolen_drawn, SigningKey.from_seed(moved.entropy(32))
            ),
            drill: drill.report(EVIL),
            twice: twice.enclosed(encode(twice.message(EVIL)), which=0),
            foreign: foreign.sealed(encode(foreign.message(EVIL)), another_key, *foreign.tokens[0][1:]),
        }
        lengths = set()
        for sender, one in sent.items():
            envelope, awaiting = sender.envelope(one.blob)
            answer = await sender.post(envelope)
            lengths.add(
                (answer.status_code, len(answer.content), len(awaiting.open_response(answer.content)))
            )
        assert len(lengths) == 1
        await alliance.next_slot()
        for sender in senders:
            await sender.send(sender.cover())
        fates = {sender: sender.fate(one) for sender, one in sent.items()}
        assert fates.pop(good).status == "accepted"
        assert {fate.status for fate in fates.values()} == {"refused"}
        assert "spent" in fates[twice].reason
        assert "stands for another key" in fates[moved].reason
        assert len(alliance.look("SELECT 1 FROM spent")) == 2
        placed = [fact for _, kind, fact, _ in alliance.entries("members") if kind == "object"]
        assert len(set(placed)) == 2


async def test_the_same_report_again_is_known_and_stands_once(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Sender(alliance, bank)
        await sender.ask()
        await alliance.into_epoch()
        body = encode(sender.message(EVIL))
        first = sender.enclosed(body, which=0)
        await sender.send(first)
        await alliance.next_slot()
        again = sender.enclosed(body, which=0)
        await sender.send(again)
        await alliance.next_slot()
        await sender.send(sender.cover())
        assert sender.fate(first).status == "accepted"
        assert (sender.fate(again).status, sender.fate(again).taken) == ("known", 2)
        assert sum(kind == "object" for _, kind, _, _ in alliance.entries("members")) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"sent": 5},
        {"unattended": True},
        {"purposes": ("defence",)},
        {"not_before": 5},
        {"audiences": ("role:bank",)},
        {"report_class": "now"},
        {"report_class": "named"},
        {"audiences": ("all", "members", "all")},
        {"objects": ()},
    ],
    ids=lambda change: "-".join(map(str, change)),
)
async def test_what_only_one_member_could_have_is_refused(tmp_path, change):
    async with AnonymousAlliance(tmp_path) as alliance:
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Sender(alliance, bank)
        await sender.ask()
        await alliance.into_epoch()
        sent = sender.enclosed(encode(msgspec.structs.replace(sender.message(EVIL), **change)))
        await sender.send(sent)
        await alliance.next_slot()
        await sender.send(sender.cover())
        assert sender.fate(sent).status == "refused"
        assert not [kind for _, kind, _, _ in alliance.entries("members") if kind == "object"]
        assert alliance.look("SELECT count(*) FROM spent") == [(0,)]
