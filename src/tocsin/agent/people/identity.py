# SPDX-License-Identifier: Apache-2.0
"""Whether an identity provider's answer, and a token whose signature was verified, belong to this very sign-in.

Pure: what was begun and what came back are held against each other (OpenID Connect Core 1.0 §3.1.3.7, RFC 9207 §2.4).
Asking the provider, and signatures: `tocsin.agent.people.oidc`.
"""

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from tocsin.clock import MINUTE, SECOND, Instant
from tocsin.config.sign_in import Oidc
from tocsin.errors import SignInFailed

Claims = Mapping[str, Any]
"""Of a token, as JSON has them."""
MAX_GROUPS = 1_000
MAX_SUBJECT = 255
_SKEW = MINUTE


class Begun(msgspec.Struct, frozen=True):
    """One sign-in under way; sealed, in the browser."""

    issuer: str
    state: str
    nonce: str
    verifier: str
    began: Instant
    fresh: bool
    """Whether the provider was told to ask its person again."""
    replaces: str = ""
    """Handle of the session that asked."""


class Answer(msgspec.Struct, frozen=True):
    """What came back by the browser's address line."""

    code: str = ""
    state: str = ""
    issuer: str | None = None
    error: str = ""


class Identity(msgspec.Struct, frozen=True):
    """Whom the provider answers for."""

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]
    proved: Instant
    """When the provider last asked this person; 0: it does not say."""


def identity_of(claims: Claims, begun: Begun, settings: Oidc, now: Instant) -> Identity:
    """Whom a verified token names, if it is of this very sign-in."""
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", "" if several else settings.client_id) != settings.client_id:
        raise SignInFailed("The identity token is for another console, too.")
    if not hmac.compare_digest(str(claims["nonce"]).encode(errors="replace"), begun.nonce.encode()):
        raise SignInFailed("The identity token is of another sign-in.")
    expires, issued = _instant(claims["exp"]), _instant(claims["iat"])
    if not issued - _SKEW <= now < expires + _SKEW or issued < begun.began - _SKEW:
        raise SignInFailed("The identity token is not of this time: compare the clocks of both machines.")
    proved = _instant(claims["auth_time"]) if "auth_time" in claims else Instant(0)
    if begun.fresh and proved < begun.began - _SKEW:
        raise SignInFailed("The provider did not ask its person again.")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or "\0" in subject:
        raise SignInFailed("The identity token names nobody.")
    name, groups = (_claim(claims, where) for where in (settings.name_claim, settings.groups_claim))
    called = name if isinstance(name, str) else ""
    return Identity(begun.issuer, subject, called, _strings(groups), min(proved, now))


def demand_fit(begun: Begun, answer: Answer, issuer: str, *, promised: bool) -> None:
    """SignInFailed unless the answer is one to what was begun, by the provider that was asked.

    `promised`: whether the provider says that it names itself in every answer.
    """
    if not hmac.compare_digest(answer.state.encode(errors="replace"), begun.state.encode()):
        raise SignInFailed("The answer is to another sign-in than this browser's.")
    if begun.issuer != issuer or answer.issuer not in ((issuer,) if promised else (issuer, None)):
        raise SignInFailed("The answer is another provider's.")
    if answer.error:
        said = "".join(one for one in answer.error[:60] if one.isalnum() or one in "_- ")
        raise SignInFailed(f"The provider says: {said}.")
    if not answer.code:
        raise SignInFailed("The answer brings no code.")


def _claim(claims: Claims, where: str) -> object:
    """A claim by its name, or by a path through objects: ``realm_access.roles``."""
    if where in claims:
        return claims[where]
    found: object = claims
    for word in where.split("."):
        found = found.get(word) if isinstance(found, dict) else None
    return found


def _strings(given: object) -> frozenset[str]:
    """One word, or a list of them; what is neither is nothing."""
    several = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return frozenset(one for one in several[:MAX_GROUPS] if isinstance(one, str))


def _instant(seconds: object) -> Instant:
    """A NumericDate (RFC 7519 §2); SignInFailed for anything else."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e11:
        raise SignInFailed("The identity token has no times.")
    return Instant(int(seconds * SECOND))
