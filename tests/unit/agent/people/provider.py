# SPDX-License-Identifier: Apache-2.0
"""An identity provider in this process that can be told to do each thing wrong. The real one: tests/acceptance."""

import json
import warnings
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.warnings import InsecureKeyLengthWarning
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tocsin.agent.people.identity import Answer
from tocsin.clock import SECOND, Clock

ISSUER = "https://login.ayr.example"
RSA = rsa_key(65537, 2048)
"""Made once: it takes a while."""


class IdentityProvider:
    """Signs for whoever it is told to."""

    def __init__(self, clock: Clock, issuer: str = ISSUER) -> None:
        self.clock, self.issuer = clock, issuer
        self.document: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        self.claims: dict[str, Any] = {"sub": "ada", "name": "Ada Example", "groups": ["SOC-Analysts"]}
        self.algorithm, self.key_id, self.key = "RS256", "one", RSA
        self.keys: list[dict[str, Any]] = [
            {**json.loads(RSAAlgorithm.to_jwk(RSA.public_key())), "kid": "one"}
        ]
        self.asked: list[str] = []
        self.authorized: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.token: str | None = None
        """Given instead of a token of its own."""

    def approve(self, address: str, **changes: str) -> Answer:
        """Somebody signs in there: what their browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code {len(self.codes)}"
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "issuer": self.issuer, "error": "", **changes}
        return Answer(back["code"], back["state"], back["issuer"] or None, back["error"])

    def http(self) -> httpx.AsyncClient:
        """The way there."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._application()))

    def _application(self) -> Starlette:
        async def document(request: Request) -> Response:
            """Discovery."""
            self.asked.append("document")
            return JSONResponse(self.document)

        async def keys(request: Request) -> Response:
            """The key set."""
            self.asked.append("keys")
            return JSONResponse({"keys": self.keys})

        async def token(request: Request) -> Response:
            """The code for a token, once, to whoever knows the verifier."""
            self.asked.append("token")
            self.authorized.append(request.headers.get("authorization", ""))
            form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            asked = self.codes.pop(form.get("code", ""), None)
            challenge = (
                urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
            )
            if (
                asked is None
                or asked["code_challenge"] != challenge
                or asked["redirect_uri"] != form["redirect_uri"]
            ):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"token_type": "Bearer", "id_token": self.token or self._signed(asked)})

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", document),
                Route("/keys", keys),
                Route("/token", token, methods=["POST"]),
            ]
        )

    def _signed(self, asked: dict[str, str]) -> str:
        now = self.clock.now() // SECOND
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **({"auth_time": now} if "max_age" in asked else {}),
            **self.claims,
        }
        whole = {name: value for name, value in claims.items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureKeyLengthWarning)  # a short key is one of its wrongs
            return jwt.encode(whole, self.key, self.algorithm, {"kid": self.key_id} if self.key_id else None)


def elliptic() -> tuple[Any, dict[str, Any]]:
    """Another key, and how a key set names it."""
    key = generate_private_key(SECP256R1())
    return key, {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": "two"}
