# SPDX-License-Identifier: Apache-2.0
"""What the console's pages ask and call: cookies and addresses on one side, the verbs of this package on the other.

Nothing here renders anything. A page calls `who` or `allowed` first; a form's handler calls the verb and hands the
answer to `let_in`, which sets the cookie. Forms are defended by the pages themselves (token and Origin).

The cookie is SameSite=Strict, so no request that another site began is anybody's; a page that is reached from another
site, as the way back from the identity provider is, therefore answers with a page that goes on by itself, and not with
a redirect, which would come without the cookie.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tocsin.agent.house import House
from tocsin.agent.people import (
    ceremonies,
    enrolling,
    own_ways,
    passkeys,
    passwords,
    provided,
    sessions,
    signing_in,
)
from tocsin.agent.people.enrolling import Chosen, Enrolled
from tocsin.agent.people.identity import Answer
from tocsin.agent.people.oidc import Provider
from tocsin.agent.people.rights import FRESH, Action, demand
from tocsin.agent.people.sessions import Client, Opened, Session
from tocsin.clock import SECOND
from tocsin.config.listen import Listen
from tocsin.domain import party
from tocsin.errors import ConfigError, NotSignedIn, TooMany

COOKIE = "__Host-tocsin"
"""For this host alone, over TLS, or where a browser takes loopback for safe: Chromium does (RFC 6265bis §4.1.3.2)."""
BY_ITSELF = "Tocsin-By-Itself"
"""What the script of a page adds when it reads the page again though nobody asked: that keeps no session alive."""
_TICKET = "__Host-tocsin-oidc"
_AT_ONCE = 2
"""Evaluations of Argon2id side by side: 64 MiB each."""
_QUEUE = 32
T = TypeVar("T")


class Door:
    """The console's door of one agent; used from its event loop alone, as its store is."""

    def __init__(self, house: House, listen: Listen, provider: Provider | None = None) -> None:
        self._house = house
        self.provider = provider
        """Who else answers for people; None: nobody."""
        self._behind_proxy = listen.behind_tls_proxy
        self._slow = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    def client(self, request: Request) -> Client:
        """Where a request comes from: the peer, or what the declared proxy on this machine says of it."""
        address = request.client.host if request.client else ""
        if self._behind_proxy:
            # The last one is the proxy's own word, which HAProxy writes on a line of its own; what stands before it is
            # whatever the client wrote.
            told = ",".join(request.headers.getlist("x-forwarded-for"))
            address = told.rpartition(",")[2].strip()
        return Client(address, request.headers.get("user-agent", "")[: sessions.MAX_BROWSER])

    def who(self, request: Request, *, is_use: bool = True) -> Session:
        """Who asks; NotSignedIn when nobody is. `is_use`: false for what a page asks by itself."""
        token = request.cookies.get(COOKIE, "")
        if not token:
            raise NotSignedIn
        return sessions.signed_in(self._house, token, is_use=is_use and BY_ITSELF not in request.headers)

    def allowed(self, request: Request, action: Action, of: party.Role) -> Session:
        """Who asks, when they may do it; Forbidden says who may, SignInAgain that the sign-in is too old for it."""
        session = self.who(request)
        demand(session.person, action, of)
        if action in FRESH and request.method not in ("GET", "HEAD"):
            sessions.demand_recent(self._house, session)
        return session

    def proved(self, request: Request) -> Session:
        """Who asks, when they signed in a moment ago: for whatever changes their own ways in."""
        session = self.who(request)
        sessions.demand_recent(self._house, session)
        return session

    async def sign_in(self, request: Request, name: str, password: str, code: str) -> Opened:
        """By password and code; the session that this browser had ends. SignInFailed, or TooMany."""
        attempt = signing_in.Attempt(name, password, code, self.client(request))
        knocked = signing_in.knock(self._house, attempt)
        right = await self._slowly(partial(passwords.is_right, password, knocked.kept))
        opened = signing_in.enter(self._house, knocked, attempt, is_right=right)
        self._leave(request)
        return opened

    async def sign_in_again(self, request: Request, password: str, code: str) -> Opened:
        """The same for whoever is signed in here already, whose name is not asked for."""
        return await self.sign_in(request, self.who(request).person.name, password, code)

    def passkey(self, request: Request, ticket: str, answer: passkeys.Answer) -> Opened:
        """By a passkey, as `passkeys.begin` asked for it; the session that this browser had ends."""
        opened = passkeys.come_in(self._house, ticket, answer, self.client(request))
        self._leave(request)
        return opened

    def take_link(
        self, request: Request, code: str, name: str, ticket: str, answer: passkeys.Answer, label: str
    ) -> Opened:
        """Come in by a one-time link with a passkey, as `passkeys.begin_link` asked for it; otherwise as `redeem`."""
        opened = passkeys.take_link(self._house, code, name, ticket, answer, label, self.client(request))
        self._leave(request)
        return opened

    async def redeem(self, request: Request, code: str, ticket: str, chosen: Chosen) -> Enrolled:
        """Come in by a one-time link; the session that this browser had ends."""
        proved = enrolling.prove(self._house, code, ticket, chosen)
        password = await self._hashed(chosen.password)
        enrolled = enrolling.finish(self._house, code, proved, password, self.client(request))
        self._leave(request)
        return enrolled

    async def change_password(self, request: Request, password: str) -> None:
        """A new one for whoever signed in a moment ago; Malformed says what is wrong with it."""
        session = self.proved(request)
        passwords.check_password(password, session.person.name)
        own_ways.keep_password(self._house, session, await self._hashed(password))

    async def to_provider(self, request: Request, *, again: bool = False) -> Response:
        """Send the browser to the identity provider; `again`: whoever is signed in here proves it anew.

        For a link, and not for a form: `form-action 'self'` would stop the form on its way.
        """
        replaces = self.who(request).handle if again else ""
        leaving = await provided.leave(self._house, self._demand_provider(), replaces=replaces)
        response = RedirectResponse(leaving.address, status_code=303)
        # Lax: it has to come along when the provider sends the browser back. It lets nobody in.
        seconds = ceremonies.LIFE // SECOND
        response.set_cookie(
            _TICKET,
            leaving.ticket,
            seconds,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return response

    async def back(self, request: Request) -> Opened:
        """The browser is back from the provider; the page that answers goes on by itself, with the new cookie."""
        given = request.query_params
        answer = Answer(
            given.get("code", ""), given.get("state", ""), given.get("iss"), given.get("error", "")
        )
        ticket = request.cookies.get(_TICKET, "")
        client = self.client(request)
        return await provided.come_back(self._house, self._demand_provider(), ticket, answer, client)

    def let_in(self, response: Response, opened: Opened) -> Response:
        """The answer with the new session's cookie."""
        response.set_cookie(
            COOKIE,
            opened.token,
            max_age=sessions.limits_of(self._house.config.sign_in).longest // SECOND,
            path="/",
            secure=True,
            httponly=True,
            samesite="strict",
        )
        return response

    def sign_out(self, request: Request, response: Response) -> Response:
        """End the session, here and in the browser."""
        self._leave(request)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return response

    def _demand_provider(self) -> Provider:
        if self.provider is None:
            raise ConfigError("No identity provider is asked here: agent.toml has no [oidc].")
        return self.provider

    def _leave(self, request: Request) -> None:
        """End whatever session this browser had."""
        if token := request.cookies.get(COOKIE):
            sessions.sign_out(self._house, token)

    async def _hashed(self, password: str) -> str:
        return await self._slowly(partial(passwords.hashed, password, self._house.entropy))

    async def _slowly(self, work: Callable[[], T]) -> T:
        """In a thread, few side by side; TooMany when a crowd waits."""
        if self._waiting >= _QUEUE:
            raise TooMany("Too many people sign in at this moment.", next_step="Try again in a few seconds.")
        self._waiting += 1
        try:
            async with self._slow:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
