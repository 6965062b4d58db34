# SPDX-License-Identifier: Apache-2.0
"""The institution's identity provider, asked by OpenID Connect Core 1.0: authorization code with PKCE, no other way.

1. The provider is what its own document says of itself, under the very issuer that agent.toml names (Discovery §4.3).
2. `state`, `nonce` and the PKCE verifier (RFC 7636, S256) are random, sealed into the browser's ticket, and used once.
3. An answer that names another issuer, or none where the provider promises one, is a mix-up (RFC 9207 §2.4).
4. The code is exchanged over TLS; the identity token's signature is verified by a key of the provider's set, with an
   asymmetric algorithm that fits that key; then `iss`, `aud`, `azp`, `exp`, `iat` and `nonce` (Core §3.1.3.7).
5. Where a fresh sign-in was asked for, `auth_time` says when it was; nothing else is believed of that.

The JOSE arithmetic is PyJWT's. A token names one of our algorithms and one of the provider's keys, and nothing else.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
import jwt
import msgspec

from tocsin.agent.people.identity import Answer, Begun, Identity, demand_fit, identity_of
from tocsin.clock import HOUR, MINUTE, Clock, Instant
from tocsin.config.sign_in import Oidc
from tocsin.errors import ConfigError, RemoteError, SignInFailed, Unreachable
from tocsin.ids import Entropy

BACK = "/sign-in/oidc/back"
"""Where the provider sends the browser, below the console's origin: to be registered there."""
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""What signs identity tokens; nothing that shares a secret, and never ``none``."""
MAX_ANSWER = 256 * 1024
MAX_TOKEN = 32 * 1024
_KEEP_DOCUMENT = HOUR
_KEEP_KEYS = MINUTE
"""A key that is not there is looked for again, no more often than this."""
_SHORTEST_RSA = 2_048
S = TypeVar("S")


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself; what else it says is not read."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class Provider:
    """One identity provider, for one console."""

    def __init__(
        self,
        settings: Oidc,
        secret: str,
        origin: str,
        http: httpx.AsyncClient,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.settings = settings
        self.back = f"{origin}{BACK}"
        self._secret, self._http, self._clock, self._entropy = secret, http, clock, entropy
        self._document: tuple[Instant, Metadata] | None = None
        self._keys: tuple[Instant, list[dict[str, Any]]] | None = None
        _secured(settings.issuer)

    async def begin(self, *, fresh: bool, replaces: str = "") -> tuple[str, Begun]:
        """Where the browser goes, and what is to be sealed for its way back."""
        document = await self._metadata()
        state, nonce, verifier = (self._random() for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.back,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _b64(sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if fresh:
            asked |= {"prompt": "login", "max_age": "0"}
        begun = Begun(document.issuer, state, nonce, verifier, self._clock.now(), fresh, replaces)
        separator = "&" if "?" in document.authorization_endpoint else "?"
        return f"{document.authorization_endpoint}{separator}{urlencode(asked)}", begun

    async def finish(self, begun: Begun, answer: Answer) -> Identity:
        """Whom the provider answers for; SignInFailed when anything does not fit what was begun."""
        document = await self._metadata()
        demand_fit(
            begun, answer, document.issuer, promised=document.authorization_response_iss_parameter_supported
        )
        form = {
            "grant_type": "authorization_code",
            "code": answer.code,
            "redirect_uri": self.back,
            "code_verifier": begun.verifier,
            "client_id": self.settings.client_id,
        }
        # Basic, with both words encoded (RFC 6749 §2.3.1); a public client proves itself by PKCE alone.
        who = (quote_plus(self.settings.client_id), quote_plus(self._secret))
        auth = httpx.BasicAuth(*who) if self._secret else None
        request = self._http.build_request("POST", document.token_endpoint, data=form)
        tokens = await self._asked(request, _Tokens, auth)
        claims = await self._verified(tokens.id_token, document)
        return identity_of(claims, begun, self.settings, self._clock.now())

    async def _verified(self, token: str, document: Metadata) -> dict[str, Any]:
        """The claims of a token that this provider has signed for this console."""
        if len(token) > MAX_TOKEN:
            raise SignInFailed("The identity token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise SignInFailed("The identity token is signed in no way that is taken.")
            key = await self._key(header.get("kid"), algorithm, document)
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self.settings.client_id,
                issuer=document.issuer,
                # PyJWT would ask the machine's clock: the times are held against ours in `identity_of`.
                options={
                    "require": ["iss", "sub", "aud", "exp", "iat", "nonce"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise SignInFailed(f"The identity token does not verify: {type(error).__name__}.") from None

    async def _key(self, kid: object, algorithm: str, document: Metadata) -> jwt.PyJWK:
        """The provider's key for a token; SignInFailed when there is none, or not exactly one."""
        for again in (False, True):
            keys = await self._key_set(document, again=again)
            fitting = [one for one in keys if one.get("use", "sig") == "sig" and _fits(one, algorithm)]
            named = [one for one in fitting if kid is None or one.get("kid") == kid]
            if len(named) == 1:
                key = jwt.PyJWK(named[0], algorithm)
                if getattr(key.key, "key_size", _SHORTEST_RSA) < _SHORTEST_RSA and algorithm != "ES256":
                    raise SignInFailed("The provider's key is too short.")
                return key
        raise SignInFailed("The identity token is signed by a key that is not the provider's.")

    async def _metadata(self) -> Metadata:
        now = self._clock.now()
        if self._document is None or not self._document[0] <= now < self._document[0] + _KEEP_DOCUMENT:
            url = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await self._asked(self._http.build_request("GET", url), Metadata)
            if found.issuer != self.settings.issuer:
                raise RemoteError(f"{self.settings.issuer} calls itself {found.issuer[:200]!r}.")
            for place in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                _secured(place)
            self._document = now, found
        return self._document[1]

    async def _key_set(self, document: Metadata, *, again: bool) -> list[dict[str, Any]]:
        now = self._clock.now()
        keep = _KEEP_KEYS if again else _KEEP_DOCUMENT
        if self._keys is None or not self._keys[0] <= now < self._keys[0] + keep:
            found = await self._asked(self._http.build_request("GET", document.jwks_uri), _Keys)
            self._keys = now, found.keys
        return self._keys[1]

    async def _asked(self, request: httpx.Request, into: type[S], auth: httpx.Auth | None = None) -> S:
        """A bounded answer of the provider's; Unreachable, or RemoteError when it is none."""
        where = f"{request.url.scheme}://{request.url.netloc.decode()}{request.url.path}"
        try:
            answer = await self._http.send(request, auth=auth, stream=True)
            try:
                data = b""
                async for part in answer.aiter_raw():
                    data += part
                    if len(data) > MAX_ANSWER:
                        raise RemoteError(f"{where} answers with more than {MAX_ANSWER} bytes.")
            finally:
                await answer.aclose()
        except httpx.RequestError as error:
            raise Unreachable(f"{where}: {str(error) or type(error).__name__}.") from None
        if answer.status_code != 200:
            raise RemoteError(f"{where} answers with status {answer.status_code}.")
        try:
            return msgspec.json.decode(data, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RemoteError(f"{where}: {error}.") from None

    def _random(self) -> str:
        return _b64(self._entropy(32))


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key is of the family of an algorithm, and for no other one."""
    family = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}[algorithm]
    return key.get("kty") == family and key.get("alg", algorithm) == algorithm


def _secured(url: str) -> None:
    """ConfigError for an address that is reached without TLS, except on this very machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    ):
        raise ConfigError(
            f"{url[:200]!r}: an identity provider is reached by https, or by http on this machine alone."
        )


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
