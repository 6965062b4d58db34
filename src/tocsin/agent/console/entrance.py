# SPDX-License-Identifier: Apache-2.0
"""The entrance: signing in and out, and the one-time link by which an account begins. Nobody need be signed in here."""

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.agent.console.app import Console
from tocsin.agent.console.desk import Desk
from tocsin.agent.console.rooms.account import Recovery, answered
from tocsin.agent.people import enrolling, passkeys
from tocsin.agent.people.enrolling import Chosen, Offer
from tocsin.agent.people.passkeys import Begun
from tocsin.errors import InputError, SignInFailed
from tocsin.web.pages.page import Asked, Page

MAX_FORM = 64 * 1024


class SignIn(msgspec.Struct, frozen=True):
    """Who are you?"""

    to: str
    """Where it leads afterwards."""
    again: bool
    """Whether somebody is signed in, and this is asked once more."""
    wrong: str
    """Why the last try let nobody in."""
    name: str
    begun: Begun | None
    """What a browser asks an authenticator for; None where passkeys are not offered."""
    passwords: bool
    provider: bool
    """Whether the institution's own provider answers for people."""


class First(msgspec.Struct, frozen=True):
    """A link that was opened."""

    code: str
    offer: Offer
    wrong: str
    name: str
    """As somebody has typed it who chooses their own."""
    passwords: bool
    passkeys: bool
    begun: Begun | None
    """What a browser asks an authenticator for; None before the name is known, or where passkeys are not offered."""


class On(msgspec.Struct, frozen=True):
    """Goes on by itself."""


class Entrance:
    """The addresses at which nobody need be signed in."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/sign-in", self._ask, methods=["GET"]),
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/sign-in/passkey", self._passkey, methods=["POST"]),
            Route("/sign-in/oidc", self._to_provider, methods=["GET"]),
            Route("/sign-in/oidc/back", self._back, methods=["GET"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/first/{code}", self._link, methods=["GET"]),
            Route("/first/{code}", self._redeem, methods=["POST"]),
            Route("/first/{code}/passkey", self._take, methods=["POST"]),
        ]

    async def _ask(self, request: Request) -> Response:
        asked = await self._console.stranger(request, MAX_FORM)
        return await self._asked_again(request, asked, "", 200)

    async def _sign_in(self, request: Request) -> Response:
        """In, or asked again."""
        asked = await self._console.stranger(request, MAX_FORM)
        door = self._console.door
        try:
            opened = await door.sign_in(
                request, asked.one("name"), asked.exact("password"), asked.one("code")
            )
        except SignInFailed as error:
            return await self._asked_again(request, asked, str(error), error.status)
        return door.let_in(RedirectResponse(own_path(asked.one("to")), 303), opened)

    async def _asked_again(self, request: Request, asked: Asked, wrong: str, status: int) -> Response:
        to = own_path(asked.one("to") or asked.query.get("to", ""))
        again = bool(asked.one("again") or asked.query.get("again"))
        begun = await self._console.office.run(_begun)
        passwords = await self._console.office.run(lambda desk: desk.house.config.sign_in.passwords)
        provider = self._console.door.provider is not None
        view = SignIn(to, again, wrong, asked.one("name"), begun, passwords, provider)
        page = Page("sign-in.html", view, status)
        return await self._console.shown(request, None, page)

    async def _passkey(self, request: Request) -> Response:
        """In by what an authenticator signed."""
        asked = await self._console.stranger(request, MAX_FORM)
        door = self._console.door
        try:
            opened = door.passkey(request, asked.one("ticket"), answered(asked))
        except SignInFailed as error:
            return await self._asked_again(request, asked, str(error), error.status)
        return door.let_in(RedirectResponse(own_path(asked.one("to")), 303), opened)

    async def _to_provider(self, request: Request) -> Response:
        """On the way to the institution's own provider."""
        asked = await self._console.stranger(request, MAX_FORM)
        return await self._console.door.to_provider(request, again=bool(asked.query.get("again")))

    async def _back(self, request: Request) -> Response:
        """Back from there; a page of ours goes on, because a redirect would come without the new cookie."""
        asked = await self._console.stranger(request, MAX_FORM)
        try:
            opened = await self._console.door.back(request)
        except SignInFailed as error:
            return await self._asked_again(request, asked, str(error), error.status)
        return self._console.door.let_in(
            await self._console.shown(request, None, Page("on.html", On())), opened
        )

    async def _sign_out(self, request: Request) -> Response:
        """The session ends, and its cookie goes. Clear-Site-Data would take those of the bank's whole domain along."""
        await self._console.stranger(request, MAX_FORM)
        return self._console.door.sign_out(request, RedirectResponse("/sign-in", 303))

    async def _link(self, request: Request) -> Response:
        asked = await self._console.stranger(request, MAX_FORM)
        return await self._offered(request, asked, "", 200)

    async def _offered(self, request: Request, asked: Asked, wrong: str, status: int) -> Response:
        code = asked.path["code"]
        offer = await self._console.office.run(lambda desk: enrolling.open_link(desk.house, code))
        if ticket := asked.one("ticket"):  # the telephone has this seed already
            offer = msgspec.structs.replace(offer, ticket=ticket, seed="", address="")
        sign_in = await self._console.office.run(lambda desk: desk.house.config.sign_in)
        name = asked.one("name") or asked.query.get("name", "").strip()
        begun: Begun | None = None
        if sign_in.origin and (offer.name or name):
            try:
                begun = await self._console.office.run(
                    lambda desk: passkeys.begin_link(desk.house, code, name)
                )
            except InputError as error:  # a name that cannot be
                wrong, status = wrong or str(error), error.status
        view = First(code, offer, wrong, name, sign_in.passwords, bool(sign_in.origin), begun)
        return await self._console.shown(request, None, Page("first.html", view, status))

    async def _redeem(self, request: Request) -> Response:
        """The account is whole, and its person in."""
        asked = await self._console.stranger(request, MAX_FORM)
        chosen = Chosen(asked.one("name"), asked.exact("password"), asked.one("code"))
        code, ticket = asked.path["code"], asked.one("ticket")
        try:
            made = await self._console.door.redeem(request, code, ticket, chosen)
        except InputError as error:
            return await self._offered(request, asked, str(error), error.status)
        page = Page("recovery.html", Recovery(made.recovery))
        return self._console.door.let_in(await self._console.shown(request, None, page), made.opened)

    async def _take(self, request: Request) -> Response:
        """The account is whole with a passkey, and its person in."""
        asked = await self._console.stranger(request, MAX_FORM)
        door, code, label = self._console.door, asked.path["code"], asked.one("label")
        try:
            answer = answered(asked)
            opened = door.take_link(request, code, asked.one("name"), asked.one("begun"), answer, label)
        except (InputError, SignInFailed) as error:
            return await self._offered(request, asked, str(error), error.status)
        return door.let_in(RedirectResponse("/", 303), opened)


def own_path(text: str) -> str:
    """A path of this server, and nobody else's address."""
    return text if text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() else "/"


def _begun(desk: Desk) -> Begun | None:
    return passkeys.begin(desk.house) if desk.house.config.sign_in.origin else None
