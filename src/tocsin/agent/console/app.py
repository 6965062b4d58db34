# SPDX-License-Identifier: Apache-2.0
"""The console's addresses: who may ask, what is read of the question, which room answers, and how that is shown.

For every address the same steps, the first three in `Console._admitted`:

1. the host is one by which this server is called, and a form comes from its own page;
2. somebody is signed in, and may do this; for some things the sign-in is a moment old;
3. the question is read whole, bounded, and a form bears its session's token;
4. files are read by the reader child, which knows neither keys nor names;
5. the room answers, in the console's own thread.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from urllib.parse import quote, urlencode

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from tocsin.agent.console.desk import Desk
from tocsin.agent.console.frame import Frame
from tocsin.agent.console.office import Office
from tocsin.agent.console.rooms import (
    account,
    approvals,
    cases,
    collected,
    indicators,
    now,
    people,
    report,
    sent,
    shields,
    warnings,
    writing,
)
from tocsin.agent.house import log_of
from tocsin.agent.people.door import COOKIE, Door
from tocsin.agent.people.person import Person
from tocsin.agent.people.rights import Action
from tocsin.agent.people.sessions import Session
from tocsin.agent.readers.containers import MAX_FILE
from tocsin.agent.readers.documents import Document
from tocsin.agent.readers.process import ReaderChild
from tocsin.domain.party import Role
from tocsin.errors import NotSignedIn, RemoteError, SignInAgain, StorageError, TocsinError
from tocsin.web.answers import streaming
from tocsin.web.pages.forms import asked_of, demand_ours, demand_token, parted, token_of
from tocsin.web.pages.headers import Guarded, guard
from tocsin.web.pages.page import Answer, Asked, Elsewhere, File, Page, Upload
from tocsin.web.pages.pulse import mark_of, pulse

log = logging.getLogger("tocsin.agent.console")

MAX_FORM = 4 * 2**20
"""Bytes of a form without files."""
MAX_DROP = MAX_FILE + MAX_FORM
"""Bytes of what is dropped at once."""

Act = Callable[[Desk, Person, Asked], Answer]
Read = Callable[[Desk, Person, Asked, list[Document]], Answer]


class Room(msgspec.Struct, frozen=True):
    """One address, for one method."""

    method: str
    path: str
    action: Action | None
    """None: whoever is signed in, for themselves, and where everybody comes in; to change something then asks for a
    sign-in of a moment ago.
    """
    act: Act


ROOMS = (
    Room("GET", "/", None, now.look),
    Room("GET", "/report", Action.REPORT, report.look),
    Room("GET", "/approvals", Action.READ_CASES, approvals.every),
    Room("GET", "/approvals/{draft}", Action.READ_CASES, approvals.one),
    Room("POST", "/approvals/{draft}/change", Action.REPORT, approvals.change),
    Room("POST", "/approvals/{draft}/agree", Action.APPROVE, approvals.agree),
    Room("POST", "/approvals/{draft}/by-rule", Action.REPORT, approvals.by_rule),
    Room("POST", "/approvals/{draft}/refuse", Action.REPORT, approvals.refuse),
    Room("GET", "/reports/{report}", Action.READ_CASES, sent.look),
    Room("POST", "/reports/{report}/take-back", Action.REPORT, sent.take_back),
    Room("GET", "/collected", Action.READ_CASES, collected.every),
    Room("POST", "/collected/{item}/drop", Action.REPORT, collected.drop),
    Room("GET", "/warnings", Action.READ, warnings.every),
    Room("GET", "/warnings/{warning}", Action.READ, warnings.one),
    Room("POST", "/warnings/{warning}/answer", Action.ANSWER, warnings.answer),
    Room("GET", "/search", Action.READ, indicators.search),
    Room("GET", "/indicator", Action.READ, indicators.one),
    Room("GET", "/shields", Action.READ, shields.every),
    Room("GET", "/shields/{shield}", Action.READ, shields.one),
    Room("POST", "/shields/{shield}/turn", Action.SHIELD, shields.turn),
    Room("POST", "/shields/{shield}/undo", Action.SHIELD, shields.take_back),
    Room("GET", "/cases", Action.READ_CASES, cases.every),
    Room("GET", "/cases/{case}", Action.READ_CASES, cases.one),
    Room("POST", "/cases/{case}/note", Action.WRITE_CASES, cases.note),
    Room("POST", "/cases/{case}/decide", Action.WRITE_CASES, cases.decide),
    Room("GET", "/written", Action.WARN, writing.every),
    Room("GET", "/written/new", Action.WARN, writing.empty),
    Room("POST", "/written/new", Action.WARN, writing.begin),
    Room("GET", "/written/{warning}", Action.WARN, writing.one),
    Room("POST", "/written/{warning}/change", Action.WARN, writing.change),
    Room("POST", "/written/{warning}/approve", Action.APPROVE_WARNING, writing.approve),
    Room("POST", "/written/{warning}/issue", Action.APPROVE_WARNING, writing.issue),
    Room("POST", "/written/{warning}/withdraw", Action.WARN, writing.withdraw),
    Room("GET", "/people", Action.PEOPLE, people.look),
    Room("POST", "/people", Action.PEOPLE, people.invite),
    Room("POST", "/people/{person}/change", Action.PEOPLE, people.change),
    Room("POST", "/people/{person}/reset", Action.PEOPLE, people.reset),
    Room("POST", "/people/{person}/revoke", Action.PEOPLE, people.revoke),
    Room("GET", "/account", None, account.look),
    Room("POST", "/account/passkeys", None, account.add),
    Room("POST", "/account/passkeys/{handle}/drop", None, account.drop),
    Room("POST", "/account/recovery", None, account.renew),
    Room("POST", "/account/sessions/{handle}/end", None, account.end),
)
"""Every address that needs nothing but the store, in the order in which they are asked."""


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, and what to do."""

    title: str
    detail: str
    next_step: str
    back: str


class Console:
    """The console of one agent."""

    def __init__(
        self, office: Office, reader: ReaderChild, door: Door, of: Role, hosts: Collection[str]
    ) -> None:
        """`of` is this party's role; `hosts` are the names by which it is called."""
        self.office = office
        self.door = door
        self._of = of
        self._reader = reader
        self._reading = asyncio.Lock()
        self._hosts = frozenset(hosts)
        self._frame = Frame()

    def application(self, *more: Route) -> Starlette:
        """All addresses; `more` are those at which nobody need be signed in."""
        routes = [self._route(room) for room in ROOMS]
        routes += [
            Route("/report", self._dropped, methods=["POST"]),
            Route(
                "/collected/{item}",
                partial(self._from_queue, Action.READ_CASES, collected.one),
                methods=["GET"],
            ),
            Route(
                "/collected/{item}/draft",
                partial(self._from_queue, Action.REPORT, collected.draft),
                methods=["POST"],
            ),
            Route("/account/password", self._password, methods=["POST"]),
            Route("/live", self._live, methods=["GET"]),
            self._frame.assets.route(),
            *more,
        ]
        made = Starlette(routes=routes, exception_handlers=self._handlers())
        made.add_middleware(Guarded)
        return made

    def _route(self, room: Room) -> Route:
        async def give(request: Request) -> Response:
            """The room's answer."""
            session, asked = await self._admitted(request, room.action, MAX_FORM)

            def act(desk: Desk) -> tuple[str, Answer]:
                """The mark first: what changes while the room works must be told to the page."""
                return mark_of(log_of(desk.house)), room.act(desk, session.person, asked)

            mark, answer = await self.office.run(act)
            return await self.shown(request, session, answer, mark)

        return Route(room.path, give, methods=[room.method])

    async def _dropped(self, request: Request) -> Response:
        """Files that were dropped, or text that was pasted."""
        session, asked = await self._admitted(request, Action.REPORT, MAX_DROP)
        found = await self._read(report.uploads(asked))
        answer = await self.office.run(lambda desk: report.keep(desk, session.person, found))
        return await self.shown(request, session, answer)

    async def _from_queue(self, action: Action, act: Read, request: Request) -> Response:
        """A file that waits, read again."""
        session, asked = await self._admitted(request, action, MAX_FORM)
        name, data = await self.office.run(lambda desk: collected.file(desk, asked.path["item"]))
        found = await self._read((Upload(name, data),))
        answer = await self.office.run(lambda desk: act(desk, session.person, asked, found))
        return await self.shown(request, session, answer)

    async def _password(self, request: Request) -> Response:
        """Another one for whoever signed in a moment ago; hashing it holds nobody up."""
        _, asked = await self._admitted(request, None, MAX_FORM)
        await self.door.change_password(request, asked.exact("password"))
        return RedirectResponse("/account", 303)

    async def _read(self, files: tuple[Upload, ...]) -> list[Document]:
        async with self._reading:  # one child, one question at a time
            return await asyncio.to_thread(report.read, self._reader, files)

    async def _live(self, request: Request) -> Response:
        """Tells the page that something changed, for as long as its reader is signed in."""
        demand_ours(request, self._hosts)
        self.door.who(request, is_use=False)

        async def still_in() -> bool:
            """Whether the session has not ended."""
            with suppress(NotSignedIn):
                return bool(self.door.who(request, is_use=False))
            return False

        watched = await self.office.run(lambda desk: log_of(desk.house))
        return streaming(pulse(watched, request.query_params.get("since", ""), still_in, asyncio.sleep))

    async def stranger(self, request: Request, limit: int) -> Asked:
        """What somebody says who need not be signed in."""
        demand_ours(request, self._hosts)
        return await asked_of(request, limit)

    async def _admitted(self, request: Request, action: Action | None, limit: int) -> tuple[Session, Asked]:
        """Who asks, and what; raises whatever speaks against it."""
        demand_ours(request, self._hosts)
        if action is not None:
            session = self.door.allowed(request, action, self._of)
        else:
            session = self.door.proved(request) if request.method == "POST" else self.door.who(request)
        asked = await asked_of(request, limit)
        if request.method == "POST":
            demand_token(asked, self._token(request))
        return session, asked

    async def shown(
        self, request: Request, session: Session | None, answer: Answer, mark: str = ""
    ) -> Response:
        """What a room answered, in its frame; `mark` is of the moment before it looked, if its page follows."""
        match answer:
            case Elsewhere():
                return RedirectResponse(answer.to, 303)
            case File():
                name = quote(
                    answer.name, safe="", errors="replace"
                )  # RFC 6266 §4.3: nothing in it is believed
                headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
                return Response(answer.data, headers=headers, media_type=answer.media_type)
            case Page():
                pass
        form = token_of(self._token(request)) if session else ""
        about = await self.office.run(
            lambda desk: self._frame.about(desk, session, form, request.url.path, mark)
        )
        return Response(self._frame.html(answer, about), answer.status, media_type="text/html")

    def _token(self, request: Request) -> str:
        """What the browser holds."""
        return request.cookies.get(COOKIE, "")

    def _handlers(self) -> dict[type[Exception] | int, ExceptionHandler]:
        return {TocsinError: self._refused, HTTPException: self._lost, Exception: self._failed}

    async def _refused(self, request: Request, error: Exception) -> Response:
        """One of our errors, as a page that says what to do next; whoever is not signed in is led to the door."""
        assert isinstance(error, TocsinError)
        if isinstance(error, NotSignedIn) and request.method == "GET":
            return RedirectResponse(f"/sign-in?{urlencode({'to': _asked_path(request)})}", 303)
        if isinstance(error, SignInAgain):
            return RedirectResponse(f"/sign-in?{urlencode({'to': _back(request), 'again': '1'})}", 303)
        if isinstance(error, StorageError):
            log.error("%s: %s", request.url.path, error)
            error = RemoteError("Its store could not do its work: the agent's log says why.")
        return await self._problem(request, error.title(), error.detail, error.next_step, error.status)

    async def _lost(self, request: Request, error: Exception) -> Response:
        """No such address."""
        assert isinstance(error, HTTPException)
        return await self._problem(
            request, "There is nothing at this address.", "", "Go back.", error.status_code
        )

    async def _failed(self, request: Request, error: Exception) -> Response:
        """Our own mistake: the trace goes to the log, never into the page."""
        log.error("unforeseen error at %s", request.url.path, exc_info=error)
        title, next_step = "This is a fault of the console.", "It was logged by the agent."
        try:
            answer = await self._problem(request, title, "", next_step, 500)
        except TocsinError:  # the frame needs the store, too
            answer = Response(f"{title} {next_step}\n", 500, media_type="text/plain")
        guard(answer.headers)
        return answer

    async def _problem(
        self, request: Request, title: str, detail: str, next_step: str, status: int
    ) -> Response:
        session = None
        with suppress(TocsinError):
            session = self.door.who(request)
        return await self.shown(
            request, session, Page("problem.html", Problem(title, detail, next_step, _back(request)), status)
        )


def _asked_path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _back(request: Request) -> str:
    """The page of ours from which somebody came; the first one when none is known."""
    came = parted(request.headers.get("referer", ""))
    if (
        came.netloc != request.headers.get("host")
        or not came.path.startswith("/")
        or came.path.startswith("//")
    ):
        return "/"
    return came.path + (f"?{came.query}" if came.query else "")
