# SPDX-License-Identifier: Apache-2.0
"""Our one profile of HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530).

::

    Content-Digest: sha-256=:…:                                                         only when there is a body
    Signature-Input: tocsin=("@method" "@authority" "@path" "@query" "content-digest");created=…;expires=…;
                     nonce="…";keyid="…";tag="tocsin"                                   on one line, in this order
    Signature: tocsin=:…:

- The list of components is fixed, and the verifier demands it: a signature over less is no signature here.
- The key decides the algorithm (Ed25519); `alg` is absent, so nobody can choose another.
- The signature covers the digest of the body, not the body: it is checked before a byte of that is taken in. The
  digest is taken over the bytes received, before anybody parses them.
- `@authority` is the host name from the verifier's configuration, never the Host header that a proxy may rewrite.
- Clocks may differ by 5 minutes, so `expires` alone does not end a signature's life: whoever verifies keeps
  (keyid, nonce) until `SignatureClaim.forget_at` and refuses a second use. That store is the caller's.

Not here: structured fields in general (RFC 8941). The profile has one spelling, and everything else is refused.

>>> key = SigningKey.from_seed(bytes(32))
>>> request = {"method": "GET", "authority": "hub.example", "path": "/v1/streams", "query": ""}
>>> headers = dict(sign_request(key, "prt_1", nonce=bytes(16), now=Instant(0), body=b"", **request))
>>> claim = read_signature(headers["Signature-Input"], headers["Signature"], headers.get("Content-Digest"))
>>> check_signature(claim, key.public, now=Instant(0), **request)
>>> check_body(claim, b"")
"""

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec

from tocsin.clock import MINUTE, SECOND, Instant, to_text
from tocsin.errors import BadSignature, ClockSkew, Malformed, Unauthenticated
from tocsin.proof.encoding import from_base64, to_base64
from tocsin.proof.signing import SigningKey, verify_exactly

MAX_LIFE = 60 * SECOND
"""Between `created` and `expires`, at most."""
MAX_SKEW = 5 * MINUTE
"""How far the two clocks may differ."""
NONCE_SIZE = 16
MAX_HEADER = 512
"""Characters of one header; ours have at most 330."""

_COVERED = '"@method" "@authority" "@path" "@query"'
_KEYID = r"[A-Za-z0-9_.:/-]{1,100}"
_INPUT = re.compile(
    rf'tocsin=(\({re.escape(_COVERED)}( "content-digest")?\)'
    rf';created=([1-9][0-9]{{0,10}}|0);expires=([1-9][0-9]{{0,10}});nonce="([0-9a-f]{{32}})"'
    rf';keyid="({_KEYID})";tag="tocsin")'
)
_SIGNATURE = re.compile(r"tocsin=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_VISIBLE = re.compile(r"[!-~]*")


class SignatureClaim(msgspec.Struct, frozen=True):
    """What a request's headers say, well formed and otherwise unproven; `check_signature` proves it."""

    keyid: str
    created: Instant
    expires: Instant
    nonce: str
    """32 hex digits, random."""
    digest: bytes | None
    """SHA-256 of the body, or None when none is covered."""
    params: str
    """The signature parameters exactly as received, which are signed too."""
    signature: bytes

    @property
    def forget_at(self) -> Instant:
        """When (keyid, nonce) need no longer be kept: from then on the clock refuses the signature."""
        return Instant(self.created + MAX_SKEW)


def authority_of(url: str) -> str:
    """The ``@authority`` of a URL: lower case, without the scheme's usual port (RFC 9421 §2.2.3)."""
    parts = urlsplit(url)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.rpartition("@")[2].lower().removesuffix(usual)


def sign_request(
    key: SigningKey,
    keyid: str,
    *,
    method: str,
    authority: str,
    path: str,
    query: str,
    body: bytes,
    now: Instant,
    nonce: bytes,
) -> tuple[tuple[str, str], ...]:
    """The headers that sign a request, as (name, value).

    `path` and `query` are as they travel, percent-encoded, the query without its question mark; `nonce` is 16 random
    bytes. Malformed when one of them cannot travel.
    """
    if not re.fullmatch(_KEYID, keyid) or len(nonce) != NONCE_SIZE:
        raise Malformed(f"A key id has no spaces or quotes, and a nonce has {NONCE_SIZE} bytes.")
    created = now // SECOND
    digest = sha256(body).digest() if body else None
    params = (
        f"({_COVERED}{_covers(digest)});created={created};expires={created + MAX_LIFE // SECOND}"
        f';nonce="{nonce.hex()}";keyid="{keyid}";tag="tocsin"'
    )
    components = _components(method, authority, path, query, digest)
    signature = key.sign_exactly(signature_base(components, params))
    headers = (("Signature-Input", f"tocsin={params}"), ("Signature", f"tocsin=:{to_base64(signature)}:"))
    return headers if digest is None else (("Content-Digest", _digest_header(digest)), *headers)


def read_signature(
    signature_input: str | None, signature: str | None, content_digest: str | None
) -> SignatureClaim:
    """Read the three headers, so that the caller can look up the key; Unauthenticated when they are not our profile.

    A header that came more than once is joined by commas (RFC 9110 §5.2), and so refused.
    """
    if signature_input is None or signature is None:
        raise Unauthenticated("It carries no signature.")
    found, signed = _match(_INPUT, signature_input), _match(_SIGNATURE, signature)
    params, covers_body, created, expires, nonce, keyid = found.groups()
    if (covers_body is None) != (content_digest is None):
        raise Unauthenticated("Its body and its signature do not belong together.")
    digest = None if content_digest is None else _decoded(_match(_DIGEST, content_digest))
    return SignatureClaim(
        keyid=keyid,
        created=Instant(int(created) * SECOND),
        expires=Instant(int(expires) * SECOND),
        nonce=nonce,
        digest=digest,
        params=params,
        signature=_decoded(signed),
    )


def check_signature(
    claim: SignatureClaim,
    public_key: bytes,
    *,
    method: str,
    authority: str,
    path: str,
    query: str,
    now: Instant,
) -> None:
    """Prove that the holder of the key sends exactly this request now; for its body see `check_body`.

    ClockSkew when the clocks differ by more than 5 minutes, Unauthenticated for everything else. Whether the nonce
    was used before is the caller's next question.
    """
    # (1) It was meant to live for at most a minute.
    if not 0 < claim.expires - claim.created <= MAX_LIFE:
        raise Unauthenticated(f"It must expire within {MAX_LIFE // SECOND} seconds of its creation.")
    # (2) The two clocks agree well enough.
    if abs(now - claim.created) > MAX_SKEW:
        raise ClockSkew(f"It was signed at {to_text(claim.created)}, and here it is {to_text(now)}.")
    # (3) The key signed these components and these parameters.
    try:
        base = signature_base(_components(method, authority, path, query, claim.digest), claim.params)
        verify_exactly(public_key, base, claim.signature)
    except (BadSignature, Malformed):
        raise Unauthenticated("The signature does not fit the request and the key.") from None


def check_body(claim: SignatureClaim, body: bytes) -> None:
    """Prove that this is the body which the request was signed with; Unauthenticated otherwise."""
    if (claim.digest is not None) != bool(body):
        raise Unauthenticated("Its body and its signature do not belong together.")
    if claim.digest is not None and not hmac.compare_digest(claim.digest, sha256(body).digest()):
        raise Unauthenticated("Its body is not the one that was signed.")


def signature_base(components: Sequence[tuple[str, str]], params: str) -> bytes:
    """The bytes that are signed for these components, in this order (RFC 9421 §2.5)."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def _components(
    method: str, authority: str, path: str, query: str, digest: bytes | None
) -> list[tuple[str, str]]:
    """The covered components; Malformed for a value with spaces or controls, which could pass for another line."""
    host = authority.lower()  # §2.2.3: compared without case, and without the scheme's default port
    components = [("@method", method), ("@authority", host), ("@path", path), ("@query", f"?{query}")]
    if not method or not authority or not path.startswith("/"):
        raise Malformed("A request has a method, a host name, and a path that begins with a slash.")
    for name, value in components:
        if not _VISIBLE.fullmatch(value):
            raise Malformed(f"The {name} of a request is visible ASCII, percent-encoded where needed.")
    return components if digest is None else [*components, ("content-digest", _digest_header(digest))]


def _covers(digest: bytes | None) -> str:
    return "" if digest is None else ' "content-digest"'


def _digest_header(digest: bytes) -> str:
    return f"sha-256=:{to_base64(digest)}:"


def _match(pattern: re.Pattern[str], header: str) -> re.Match[str]:
    found = pattern.fullmatch(header) if len(header) <= MAX_HEADER else None
    if found is None:
        raise Unauthenticated("Its signature is not in Tocsin's profile of RFC 9421.")
    return found


def _decoded(found: re.Match[str]) -> bytes:
    try:
        return from_base64(found[1])
    except Malformed as error:
        raise Unauthenticated(error.detail) from None
