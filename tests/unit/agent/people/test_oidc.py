# SPDX-License-Identifier: Apache-2.0
"""People whom an identity provider answers for, and every answer that must let nobody in."""

import hmac
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode
from tests.unit.agent.people.house import CLIENT, first, journal, people_in, wait
from tests.unit.agent.people.provider import ISSUER, RSA, IdentityProvider, elliptic

from tocsin.agent.house import House
from tocsin.agent.people import ceremonies
from tocsin.agent.people.administering import change_roles, people, reset, revoke
from tocsin.agent.people.identity import Answer
from tocsin.agent.people.oidc import Provider
from tocsin.agent.people.person import Role
from tocsin.agent.people.provided import come_back, leave, provider_of
from tocsin.agent.people.sessions import Opened, sessions, signed_in
from tocsin.clock import HOUR, MINUTE, SECOND
from tocsin.config.sign_in import Group, Oidc, SignIn
from tocsin.errors import ConfigError, Conflict, Forbidden, Malformed, RemoteError, SignInFailed, TocsinError

ORIGIN = "https://tocsin.ayr.example"
SETTINGS = Oidc(
    issuer=ISSUER,
    client_id="tocsin",
    groups=(Group("SOC-Analysts", ("analyst",)), Group("SOC-Admins", ("admin", "approver"))),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr", SignIn(origin=ORIGIN)) as made:
        yield made


@pytest.fixture
def there(house: House) -> IdentityProvider:
    return IdentityProvider(house.clock)


def provider(house: House, there: IdentityProvider, settings: Oidc = SETTINGS, secret: str = "") -> Provider:
    return Provider(settings, secret, ORIGIN, there.http(), house.clock, house.entropy)


async def comes_in(house: House, there: IdentityProvider, **changes: str) -> Opened:
    asked = provider(house, there)
    leaving = await leave(house, asked)
    return await come_back(house, asked, leaving.ticket, there.approve(leaving.address, **changes), CLIENT)


async def test_somebody_comes_for_the_first_time_and_again(house: House, there: IdentityProvider) -> None:
    opened = await comes_in(house, there)
    assert (opened.person.name, opened.person.roles) == ("Ada Example", {Role.ANALYST})
    assert signed_in(house, opened.token).way == "identity provider"
    again = await comes_in(house, there)
    assert again.person == opened.person
    assert people(house)[0].ways == (ISSUER,)
    assert journal(house) == [
        ("Ada Example", "came by the identity provider", opened.person.id),
        ("Ada Example", "signed in by identity provider", opened.person.id),
        ("Ada Example", "signed in by identity provider", opened.person.id),
    ]


async def test_what_is_asked_is_what_the_standard_says(house: House, there: IdentityProvider) -> None:
    leaving = await leave(house, provider(house, there))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(leaving.address).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == f"{ORIGIN}/sign-in/oidc/back"
    assert {len(asked[name]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert "max_age" not in asked
    assert not any(asked[name] in leaving.ticket for name in ("state", "nonce"))


async def test_a_secret_is_sent_as_the_standard_encodes_it(house: House, there: IdentityProvider) -> None:
    asked = provider(house, there, secret="a:b/ü +%")
    leaving = await leave(house, asked)
    await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)
    scheme, _, given = there.authorized[0].partition(" ")
    assert (scheme, b64decode(given)) == ("Basic", b"tocsin:a%3Ab%2F%C3%BC+%2B%25")


def claim(**changes: Any) -> Callable[[IdentityProvider], None]:
    """A provider that claims something else; None: it does not claim it at all."""

    def spoil(there: IdentityProvider) -> None:
        """Say that."""
        there.claims |= changes

    return spoil


def none_at_all(there: IdentityProvider) -> None:
    there.token = jwt.encode({"sub": "ada"}, None, "none")


def shared_secret(there: IdentityProvider) -> None:
    """Its public key, taken for a shared secret: the oldest trick."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = ({"alg": "HS256", "kid": "one"}, {"iss": ISSUER, "aud": "tocsin", **there.claims})
    head = b".".join(base64url_encode(json.dumps(part).encode()) for part in parts)
    there.token = b".".join((head, base64url_encode(hmac.digest(public, head, "sha256")))).decode()


def other_key(there: IdentityProvider) -> None:
    there.key, _ = elliptic()
    there.algorithm, there.key_id = "ES256", "one"


def unknown_key(there: IdentityProvider) -> None:
    there.key_id = "nobody's"


def two_keys(there: IdentityProvider) -> None:
    there.key_id = ""
    there.keys = [there.keys[0], {**there.keys[0], "kid": "again"}]


def short_key(there: IdentityProvider) -> None:
    there.key = generate_private_key(65537, 1024)
    there.keys = [json.loads(RSAAlgorithm.to_jwk(there.key.public_key()))]
    there.key_id = ""


def for_encryption(there: IdentityProvider) -> None:
    there.keys = [{**there.keys[0], "use": "enc"}]


def not_a_token(there: IdentityProvider) -> None:
    there.token = "a.b.c"


def too_long(there: IdentityProvider) -> None:
    there.token = "a" * 40_000


WRONG: dict[str, Callable[[IdentityProvider], None]] = {
    "another issuer in the token": claim(iss="https://login.elsewhere.example"),
    "for another console": claim(aud="other"),
    "for two, and not for us": claim(aud=["tocsin", "other"]),
    "azp of another": claim(azp="other"),
    "another sign-in": claim(nonce="x" * 43),
    "no nonce": claim(nonce=None),
    "expired": claim(exp=1),
    "from the future": claim(iat=4_000_000_000, exp=4_000_000_300),
    "from before it was asked for": claim(iat=1_000_000_000),
    "no times": claim(exp="soon"),
    "true is no time": claim(exp=True),
    "nobody": claim(sub=""),
    "no subject": claim(sub=None),
    "long subject": claim(sub="x" * 256),
    "not signed": none_at_all,
    "a shared secret": shared_secret,
    "another key": other_key,
    "a key that is not there": unknown_key,
    "two keys fit": two_keys,
    "a short key": short_key,
    "a key for something else": for_encryption,
    "no token": not_a_token,
    "a long token": too_long,
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_token_lets_nobody_in(house: House, there: IdentityProvider, name: str) -> None:
    WRONG[name](there)
    with pytest.raises(SignInFailed):
        await comes_in(house, there)
    assert people(house) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "x" * 43},
        {"state": ""},
        {"state": "\ud800"},
        {"issuer": "https://login.elsewhere.example"},
        {"issuer": ""},
        {"error": "access_denied"},
        {"code": ""},
    ],
    ids=["state", "no state", "odd state", "mix-up", "no issuer", "denied", "no code"],
)
async def test_a_wrong_answer_is_not_even_exchanged(
    house: House, there: IdentityProvider, changes: dict[str, str]
) -> None:
    with pytest.raises(SignInFailed):
        await comes_in(house, there, **changes)
    assert "token" not in there.asked


async def test_a_provider_that_promises_no_issuer_need_not_name_one(
    house: House, there: IdentityProvider
) -> None:
    there.document["authorization_response_iss_parameter_supported"] = False
    await comes_in(house, there, issuer="")
    with pytest.raises(SignInFailed, match="another provider"):
        await comes_in(house, there, issuer="https://login.elsewhere.example")


async def test_an_answer_counts_once(house: House, there: IdentityProvider) -> None:
    asked = provider(house, there)
    leaving = await leave(house, asked)
    answer = there.approve(leaving.address)
    await come_back(house, asked, leaving.ticket, answer, CLIENT)
    with pytest.raises(SignInFailed, match="done already"):
        await come_back(house, asked, leaving.ticket, answer, CLIENT)
    assert there.asked.count("token") == 1


async def test_an_answer_belongs_to_the_browser_that_asked(house: House, there: IdentityProvider) -> None:
    """Whoever plants an answer of their own in somebody's browser, or steals one, has no ticket that fits it."""
    asked = provider(house, there)
    mine, theirs = await leave(house, asked), await leave(house, asked)
    for ticket in (mine.ticket, "", "planted"):
        with pytest.raises(SignInFailed):
            await come_back(house, asked, ticket, there.approve(theirs.address), CLIENT)
    assert "token" not in there.asked


async def test_an_answer_that_comes_late_is_none(house: House, there: IdentityProvider) -> None:
    asked = provider(house, there)
    leaving = await leave(house, asked)
    wait(house, ceremonies.LIFE)
    with pytest.raises(SignInFailed, match="too long"):
        await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)


async def test_two_providers_are_never_mixed_up(house: House, there: IdentityProvider) -> None:
    """What was begun with one is not finished at another, though both are ours (RFC 9207 §1)."""
    elsewhere = IdentityProvider(house.clock, "https://login.elsewhere.example")
    other = provider(house, elsewhere, msgspec.structs.replace(SETTINGS, issuer=elsewhere.issuer))
    leaving = await leave(house, provider(house, there))
    with pytest.raises(SignInFailed, match="another provider"):
        await come_back(house, other, leaving.ticket, elsewhere.approve(leaving.address), CLIENT)


async def test_the_same_word_of_two_providers_is_two_people(house: House, there: IdentityProvider) -> None:
    await comes_in(house, there)
    elsewhere = IdentityProvider(house.clock, "https://login.elsewhere.example")
    other = provider(house, elsewhere, msgspec.structs.replace(SETTINGS, issuer=elsewhere.issuer))
    leaving = await leave(house, other)
    with pytest.raises(Conflict, match="reads like"):
        await come_back(house, other, leaving.ticket, elsewhere.approve(leaving.address), CLIENT)


async def test_nobody_becomes_somebody_else_by_being_renamed_there(
    house: House, there: IdentityProvider
) -> None:
    ada = first(house)
    with pytest.raises(Conflict, match="reads like"):
        await comes_in(house, there)
    there.claims = {"sub": "eve", "name": "Eve Example", "groups": ["SOC-Analysts"]}
    eve = await comes_in(house, there)
    there.claims["name"] = "Ada Example"
    assert (await comes_in(house, there)).person == eve.person
    assert eve.person.id != ada.id
    there.claims = {"sub": "mal", "name": "standing rule phish", "groups": ["SOC-Analysts"]}
    with pytest.raises(Malformed):
        await comes_in(house, there)


async def test_groups_are_roles_and_are_asked_anew_each_time(house: House, there: IdentityProvider) -> None:
    there.claims["groups"] = ["SOC-Analysts", "SOC-Admins", 7, None, "Everybody"]
    opened = await comes_in(house, there)
    assert opened.person.roles == {Role.ANALYST, Role.ADMIN, Role.APPROVER}
    there.claims["groups"] = "SOC-Analysts"
    assert (await comes_in(house, there)).person.roles == {Role.ANALYST}
    assert signed_in(house, opened.token).person.roles == {Role.ANALYST}
    assert ("agent", "took what Ada Example may do from the provider", opened.person.id) in journal(house)
    for groups in (["Everybody"], [], None, {"SOC-Analysts": 1}):
        there.claims["groups"] = groups
        with pytest.raises(Forbidden, match="no group"):
            await comes_in(house, there)


async def test_groups_may_stand_deeper_in_the_token(house: House, there: IdentityProvider) -> None:
    there.claims |= {
        "realm_access": {"roles": ["SOC-Analysts"]},
        "https://ayr.example/groups": ["SOC-Admins"],
    }
    for where, roles in [
        ("realm_access.roles", {Role.ANALYST}),
        ("https://ayr.example/groups", {Role.ADMIN, Role.APPROVER}),
    ]:
        asked = provider(house, there, msgspec.structs.replace(SETTINGS, groups_claim=where))
        leaving = await leave(house, asked)
        opened = await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)
        assert opened.person.roles == roles


async def test_whoever_was_shut_out_here_stays_out(house: House, there: IdentityProvider) -> None:
    first(house, "Op Example")
    opened = await comes_in(house, there)
    revoke(house, opened.person.id, "Op Example")
    with pytest.raises(SignInFailed):
        await comes_in(house, there)


async def test_what_the_provider_decides_is_not_decided_here(house: House, there: IdentityProvider) -> None:
    ada = (await comes_in(house, there)).person.id
    with pytest.raises(Conflict, match="answers for"):
        reset(house, ada, "Op Example")
    with pytest.raises(Conflict, match="here for"):
        change_roles(house, ada, frozenset({Role.AUDITOR}), None, "Op Example")


async def test_a_sign_in_is_as_fresh_as_the_provider_says(house: House, there: IdentityProvider) -> None:
    opened = await comes_in(house, there)
    assert signed_in(house, opened.token).proved == 0
    hour_ago = house.clock.now() // SECOND - 3600
    there.claims["auth_time"] = hour_ago
    assert signed_in(house, (await comes_in(house, there)).token).proved == hour_ago * SECOND


async def test_signing_in_again_asks_the_provider_to_ask(house: House, there: IdentityProvider) -> None:
    asked, opened = provider(house, there), await comes_in(house, there)
    handle = signed_in(house, opened.token).handle
    leaving = await leave(house, asked, replaces=handle)
    assert "prompt=login&max_age=0" in leaving.address
    again = await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)
    assert signed_in(house, again.token).proved == house.clock.now() // SECOND * SECOND
    assert len(sessions(house)) == 1, "the new one took its place"


@pytest.mark.parametrize("said", [None, 1, "old"], ids=["nothing", "long ago", "no time"])
async def test_a_provider_that_does_not_ask_again_is_found_out(
    house: House, there: IdentityProvider, said: object
) -> None:
    asked, opened = provider(house, there), await comes_in(house, there)
    leaving = await leave(house, asked, replaces=signed_in(house, opened.token).handle)
    there.claims["auth_time"] = said
    with pytest.raises(SignInFailed):
        await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)


async def test_somebody_else_at_the_provider_does_not_take_a_session_over(
    house: House, there: IdentityProvider
) -> None:
    asked, opened = provider(house, there), await comes_in(house, there)
    leaving = await leave(house, asked, replaces=signed_in(house, opened.token).handle)
    there.claims = {"sub": "bo", "name": "Bo Example", "groups": ["SOC-Admins"]}
    with pytest.raises(SignInFailed, match="Somebody else"):
        await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)
    assert [one.name for one in people(house)] == ["Ada Example"], "nothing of it was kept"


async def test_a_new_key_is_found_and_the_old_document_is_kept_for_a_while(
    house: House, there: IdentityProvider
) -> None:
    asked = provider(house, there)

    async def once() -> None:
        """Somebody comes in."""
        leaving = await leave(house, asked)
        await come_back(house, asked, leaving.ticket, there.approve(leaving.address), CLIENT)

    await once()
    await once()
    assert (there.asked.count("document"), there.asked.count("keys")) == (1, 1)
    key, named = elliptic()
    there.keys, there.key, there.algorithm, there.key_id = [named], key, "ES256", "two"  # type: ignore[assignment]
    with pytest.raises(SignInFailed):
        await once()  # looked for a moment ago
    wait(house, MINUTE)
    await once()
    there.key, there.algorithm, there.key_id = RSA, "RS256", "one"
    with pytest.raises(SignInFailed):
        await once()  # the old one is not the provider's any more
    wait(house, HOUR)
    there.keys = []
    with pytest.raises(SignInFailed):
        await once()
    assert there.asked.count("document") == 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"issuer": "https://login.elsewhere.example"}, RemoteError),
        ({"token_endpoint": "http://login.ayr.example/token"}, ConfigError),
        ({"jwks_uri": "file:///etc/passwd"}, ConfigError),
        ({"issuer": 7}, RemoteError),
        ({"more": "x" * 300_000}, RemoteError),
    ],
    ids=["calls itself otherwise", "no TLS", "no address", "no text", "too much"],
)
async def test_a_provider_that_is_not_what_it_says_is_not_asked(
    house: House, there: IdentityProvider, changes: dict[str, object], error: type[TocsinError]
) -> None:
    there.document |= changes
    with pytest.raises(error):
        await leave(house, provider(house, there))


async def test_a_code_that_the_provider_does_not_know_is_its_own_word(
    house: House, there: IdentityProvider
) -> None:
    asked = provider(house, there)
    leaving = await leave(house, asked)
    answer = there.approve(leaving.address)
    stolen = Answer("code of somebody else", answer.state, answer.issuer)
    with pytest.raises(RemoteError, match="status 400"):
        await come_back(house, asked, leaving.ticket, stolen, CLIENT)


async def test_settings_that_cannot_work_are_refused(house: House, tmp_path: Path) -> None:
    def with_oidc(settings: Oidc, origin: str = ORIGIN) -> House:
        """The agent with these settings."""
        config = msgspec.structs.replace(house.config, oidc=settings, sign_in=SignIn(origin=origin))
        return msgspec.structs.replace(house, config=config)

    async with provider_of(house, {}) as nobody:
        assert nobody is None
    readable = tmp_path / "secret"
    readable.write_text("secret")
    readable.chmod(0o644)
    for changed, why in [
        (with_oidc(SETTINGS, ""), "sign_in.origin"),
        (with_oidc(msgspec.structs.replace(SETTINGS, issuer="http://login.ayr.example")), "https"),
        (with_oidc(msgspec.structs.replace(SETTINGS, client_secret_file=str(readable))), "read by others"),
    ]:
        with pytest.raises(ConfigError, match=why):
            async with provider_of(changed, {}):
                pass
