# SPDX-License-Identifier: Apache-2.0
"""Joining: a code is good once, for one hub, for a week; nobody joins with a key that proves nothing."""

import asyncio
from hashlib import sha256

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.alliance import URL, Alliance
from tests.looking import bytes_of, look
from tests.unit.hub.test_standing import stand

from tocsin.agent.recovery import recovery_path
from tocsin.agent.vault import Membership
from tocsin.agent.verbs.join import join
from tocsin.clock import DAY
from tocsin.domain.party import Role, Standing
from tocsin.errors import BadSignature, CodeSpent, Conflict, Malformed
from tocsin.hub.verbs.enrol import CODE_DAYS
from tocsin.proof.signing import SigningKey
from tocsin.wire.messages import Enrol, Enrolled, decode, encode
from tocsin.wire.parties import PartyEvent


def enrol(code: str, number: int = 1) -> Enrol:
    return Enrol(
        code=code,
        signing_key=SigningKey.from_seed(bytes([number]) * 32).public,
        sealing_key=X25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key().public_bytes_raw(),
        recovery_key=SigningKey.from_seed(bytes([number + 100]) * 32).public,
        agreement="",
    )


async def redeem(alliance: Alliance, message: Enrol) -> tuple[int, str]:
    """Status, and the kind of problem or of message that came."""
    async with httpx.AsyncClient(transport=alliance.wire) as http:
        answer = await http.post(f"{URL}/v1/enrolments", content=encode(message))
    said = answer.json()
    return answer.status_code, said.get("kind") or said["type"].rpartition("/")[2]


async def test_a_code_makes_one_party_which_the_directory_names_to_everybody(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", Role.AGENCY, "DE")
        await alliance.settled()
        ((body,),) = look(
            agent.database, "SELECT body FROM body JOIN entry USING (stream, seq) WHERE kind = 'party'"
        )
        event = decode(bytes(body), PartyEvent)
        assert (event.party, event.role, event.jurisdiction) == (agent.party, "agency", "DE")
        assert event.signing_key == agent.key.public
        assert agent.membership.partner_key == str(alliance.witness.key)


async def test_one_institution_does_not_join_twice_unless_it_is_another_one(tmp_path):
    async with Alliance(tmp_path) as alliance:
        codes = [alliance.invite("Ayr Bank plc") for _ in range(2)]  # the first was lost on its way
        assert await redeem(alliance, enrol(codes[0])) == (200, "enrolled")
        assert await redeem(alliance, enrol(codes[1], 2)) == (409, "conflict")
        with pytest.raises(Conflict, match=r"Ayr Bank plc \(prt_\w+\) belongs to the alliance already"):
            alliance.invite("AYR-Bank PLC")
        another = alliance.invite("Ayr Bank plc", namesake=True)
        assert await redeem(alliance, enrol(another, 3)) == (200, "enrolled")


async def test_who_was_expelled_may_join_again(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        name = ayr.membership.name
        with pytest.raises(Conflict, match="belongs to the alliance already"):
            alliance.invite(name)
        stand(alliance, ayr.party, Standing.LEFT, "request")
        assert await redeem(alliance, enrol(alliance.invite(name))) == (200, "enrolled")


async def test_a_code_is_good_once(tmp_path):
    async with Alliance(tmp_path) as alliance:
        code = alliance.invite("Ayr Bank plc")
        assert await redeem(alliance, enrol(code)) == (200, "enrolled")
        assert await redeem(alliance, enrol(code, 2)) == (403, "code-spent")
        assert await redeem(alliance, enrol(code)) == (403, "code-spent")


async def test_two_who_redeem_one_code_at_once_are_one_party(tmp_path):
    async with Alliance(tmp_path) as alliance:
        code = alliance.invite("Ayr Bank plc")
        answers = await asyncio.gather(*(redeem(alliance, enrol(code, number)) for number in (1, 2, 3)))
        assert sorted(answers) == [(200, "enrolled"), (403, "code-spent"), (403, "code-spent")]


async def test_a_code_expires(tmp_path):
    async with Alliance(tmp_path) as alliance:
        code = alliance.invite("Ayr Bank plc")
        alliance.clock.advance(CODE_DAYS * DAY - 1)
        late = alliance.invite("Bute Bank plc")
        alliance.clock.advance(1)
        assert await redeem(alliance, enrol(code)) == (403, "code-spent")
        assert await redeem(alliance, enrol(late)) == (200, "enrolled")


@pytest.mark.parametrize("spoil", [str.lower, str.swapcase, lambda code: f"  {code}\n"])
async def test_a_code_survives_being_typed(tmp_path, spoil):
    async with Alliance(tmp_path) as alliance:
        secret, _, hub = alliance.invite("Ayr Bank plc").partition(".")
        assert await redeem(alliance, enrol(spoil(secret) + f".{hub}")) in [
            (200, "enrolled"),
            (403, "code-spent"),
        ]


async def test_a_code_of_another_hub_is_not_spent_here(tmp_path):
    async with Alliance(tmp_path) as alliance:
        code = alliance.invite("Ayr Bank plc")
        secret, _, _ = code.partition(".")
        assert await redeem(alliance, enrol(f"{secret}.hub_{'0' * 32}")) == (403, "code-spent")
        assert await redeem(alliance, enrol(secret)) == (403, "code-spent")
        assert await redeem(alliance, enrol(code)) == (200, "enrolled")


async def test_another_partys_key_is_refused_and_costs_neither_the_code_nor_the_neighbours(tmp_path):
    async with Alliance(tmp_path) as alliance:
        assert await redeem(alliance, enrol(alliance.invite("Ayr Bank plc"))) == (200, "enrolled")
        code, other = alliance.invite("Bute Bank plc"), alliance.invite("Clyde Bank plc")
        both = await asyncio.gather(redeem(alliance, enrol(code, 1)), redeem(alliance, enrol(other, 2)))
        assert both == [(409, "conflict"), (200, "enrolled")]
        assert await redeem(alliance, enrol(code, 3)) == (200, "enrolled")


SMALL = bytes(32)


@pytest.mark.parametrize(
    "changes",
    [
        {"signing_key": SMALL},
        {"sealing_key": SMALL},
        {"recovery_key": SMALL},
        {"signing_key": b"short"},
        {"sealing_key": b""},
        {"recovery_key": bytes(33)},
        {"recovery_key": SigningKey.from_seed(b"\x01" * 32).public},
        {"agreement": "Dear members, " * 9},
        {"agreement": "A" * 64},
    ],
    ids="-".join,
)
async def test_keys_that_prove_nothing_and_words_in_place_of_a_digest_are_refused(tmp_path, changes):
    async with Alliance(tmp_path) as alliance:
        code = alliance.invite("Ayr Bank plc")
        assert await redeem(alliance, msgspec.structs.replace(enrol(code), **changes)) == (400, "malformed")
        assert await redeem(alliance, enrol(code)) == (200, "enrolled")


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
async def test_a_party_has_a_name(tmp_path, name):
    async with Alliance(tmp_path) as alliance:
        with pytest.raises(Malformed):
            alliance.invite(name)


async def test_the_code_itself_is_not_stored(tmp_path):
    async with Alliance(tmp_path) as alliance:
        secret = alliance.invite("Ayr Bank plc").partition(".")[0]
        assert secret.encode() not in bytes_of(tmp_path, "hub.db")


async def test_an_agent_takes_no_hub_but_the_one_that_its_code_names(tmp_path):
    """Whoever sits between could answer with a key of its own; the code says whose key it must be."""
    async with Alliance(tmp_path) as alliance:
        code = alliance.invite("Ayr Bank plc")
        agent = await alliance.join("bute", follow=False)
        recovery_path(agent.house.folder).unlink()
        other = "hub_" + sha256(b"another").hexdigest()[:32]
        with pytest.raises((BadSignature, CodeSpent)):
            await join(agent.house, f"{code.partition('.')[0]}.{other}", agent.http)
        assert agent.house.vault.membership().party == agent.party


async def test_an_answer_with_another_hubs_key_is_refused(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("bute", follow=False)
        recovery_path(agent.house.folder).unlink()
        mallory = SigningKey.from_seed(b"m" * 32).public
        lied = Enrolled(
            party=agent.party,
            name="x",
            role=Role.BANK,
            jurisdiction="GB",
            realm="live",
            alliance="x",
            alliance_identity="x",
            hub_key=str(type(alliance.hub_key)(alliance.hub_key.name, alliance.hub_key.kind, mallory)),
            partner_key=None,
        )
        async with httpx.AsyncClient(
            transport=httpx.MockTransport(
                lambda request: httpx.Response(200, stream=httpx.ByteStream(encode(lied)))
            )
        ) as http:
            with pytest.raises(BadSignature, match="not the one that the code"):
                await join(agent.house, f"AAAA.{agent.membership.hub}", http)
        assert not recovery_path(agent.house.folder).exists(), "a key of nobody's is not left behind"
        assert isinstance(agent.house.vault.membership(), Membership)
        assert agent.house.vault.membership() == agent.membership


async def test_a_code_that_was_cut_is_told_so(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("bute", follow=False)
        with pytest.raises(Malformed, match="was it cut"):
            await join(agent.house, "AAAABBBBCCCCDDDD", agent.http)
