# SPDX-License-Identifier: Apache-2.0
"""What every answer to a browser carries, so that a page can do nothing but what it is for.

The policy (CSP Level 3) names no inline script, no inline style, no other origin, and lets no script turn a string into
markup (Trusted Types): what an attacker wrote into a mail stays text, whatever a template forgot. Nobody may frame a
page. Forms may only go home; without a Referrer to strangers a browser still sends the Origin that `forms` asks for.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def guard(headers: MutableHeaders) -> None:
    """Add `HEADERS` to an answer's own; and no cache keeps a page."""
    headers.update(HEADERS)
    headers.setdefault("Cache-Control", "no-store")


class Guarded:
    """An application whose every answer is guarded, errors included but for what nobody foresaw.

    Starlette answers an unforeseen error outside of every middleware: its handler calls `guard` itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to what comes back."""

        async def add(message: Message) -> None:
            """The same message, with our headers when it is a head."""
            if message["type"] == "http.response.start":
                guard(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)
