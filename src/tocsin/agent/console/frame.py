# SPDX-License-Identifier: Apache-2.0
"""What stands around every page: who is looking, where they may go, and the words and marks that all pages share."""

from collections.abc import Mapping
from typing import Any

import msgspec
from markupsafe import Markup

from tocsin.agent.console.desk import Desk
from tocsin.agent.console.values import spoken
from tocsin.agent.people import rights
from tocsin.agent.people.rights import Action
from tocsin.agent.people.sessions import Session
from tocsin.clock import Instant, minute, to_text
from tocsin.domain.observable import defang
from tocsin.domain.party import Role
from tocsin.web.pages.assets import Assets
from tocsin.web.pages.page import Page
from tocsin.web.pages.templates import Filter, environment, words_of

PACKAGE = "tocsin.agent.console"


class Door(msgspec.Struct, frozen=True):
    """One way in the menu."""

    path: str
    word: str
    """Its key among the words."""
    key: str
    """The letter after ``g`` that leads there."""
    action: Action


MENU = (
    Door("/", "now", "n", Action.READ),
    Door("/report", "report", "r", Action.REPORT),
    Door("/approvals", "approvals", "a", Action.READ_CASES),
    Door("/collected", "collected", "o", Action.READ_CASES),
    Door("/warnings", "warnings", "w", Action.READ),
    Door("/written", "written", "e", Action.WARN),
    Door("/shields", "shields", "s", Action.READ),
    Door("/cases", "cases", "c", Action.READ_CASES),
    Door("/people", "people", "p", Action.PEOPLE),
)


class About(msgspec.Struct, frozen=True):
    """What the frame shows beside a page."""

    house: str
    """The party's name."""
    session: Session | None
    form: str
    """The token that forms bear."""
    menu: tuple[Door, ...]
    here: str
    hunts: bool
    """Whether this house hunts in logs at all: else nothing was found because nobody looked."""
    mark: str
    """As of when the page is, for whoever tells it of changes."""
    may: frozenset[Action]
    """What whoever looks may do; buttons for anything else are not there."""


class Frame:
    """Templates, words and files of the console."""

    def __init__(self) -> None:
        self.assets = Assets(PACKAGE)
        filters: dict[str, Filter] = {
            "time": time,
            "defanged": defang,
            "size": size,
            "spoken": spoken,
            "raw": raw,
        }
        self._templates = environment(PACKAGE, words_of(PACKAGE, "words.toml"), filters)
        self._templates.globals["asset"] = self.assets.path
        self._templates.globals["Action"] = Action

    def about(self, desk: Desk, session: Session | None, form: str, path: str, mark: str = "") -> About:
        """The frame for whoever looks."""
        membership = desk.house.vault.membership()
        role = Role(membership.role)
        may = frozenset(one for one in Action if session and rights.may(session.person, one, role))
        menu = tuple(one for one in MENU if one.action in may)
        config = desk.house.config
        return About(
            house=membership.name,
            session=session,
            form=form,
            menu=menu,
            here=path,
            hunts=bool(config.hunt.logs or config.hunt.tail or config.syslog),
            mark=mark,
            may=may,
        )

    def html(self, page: Page, about: About) -> str:
        """The whole page."""
        values: Mapping[str, Any] = {"v": page.view, "about": about}
        return self._templates.get_template(page.template).render(values)


def time(at: int) -> Markup:
    """A moment in UTC, which the page's script tells in its reader's zone."""
    exact = to_text(Instant(at))[:19] + "Z"
    return Markup('<time datetime="{}" title="{} UTC">{} UTC</time>').format(exact, minute(at), minute(at))


def size(count: int) -> str:
    """A number of bytes for a person."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:,.0f} KiB" if count < 1024**2 else f"{count / 1024**2:,.1f} MiB"


def raw(document: msgspec.Raw) -> str:
    """A document of ours as text, which its place on the page then escapes."""
    return bytes(document).decode()
