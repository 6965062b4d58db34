# SPDX-License-Identifier: Apache-2.0
"""Search, and everything that is known of one value: who says so, what may be done with it, and whether it was here."""

import msgspec

from tocsin.agent.console.board import Standing
from tocsin.agent.console.desk import Desk
from tocsin.agent.console.values import observable
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.ledger import Here
from tocsin.agent.people.person import Person
from tocsin.agent.shields.levels import KnownValue
from tocsin.agent.verbs.sight import recognise
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.warning import Warning
from tocsin.errors import Malformed
from tocsin.storage.store import Params
from tocsin.web.pages.page import Answer, Asked, Page

SHOWN = 50
"""Values that begin so, and warnings, on one page of results."""
_MOST = 200
"""Characters of a question."""


class Results(msgspec.Struct, frozen=True):
    """What a search found."""

    question: str
    exact: Observable | None
    """The value that the question is, defanged or not; None: it is none."""
    known: KnownValue | None
    """What is known of that value; None: nobody has named it."""
    alike: tuple[Observable, ...]
    """Values that begin so."""
    warnings: tuple[Standing, ...]
    """In whose words, values or measures it stands."""


class Said(msgspec.Struct, frozen=True):
    """One thing that was said of a value."""

    fact: str
    kind: str
    stream: str
    since: Instant
    expires: Instant


class Indicator(msgspec.Struct, frozen=True):
    """One value with everything."""

    value: Observable
    known: KnownValue | None
    said: tuple[Said, ...]
    here: tuple[Here, ...]
    warnings: tuple[Standing, ...]
    kept: str
    """Why it never leaves this house; empty: nothing keeps it."""


class _Value(msgspec.Struct, frozen=True):
    value: str


class _Posting(msgspec.Struct, frozen=True):
    fact: str
    kind: str
    stream: str
    since: int
    expires: int


def search(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Anything: a value as it stands in a mail, defanged or not; the beginning of one; words of a warning."""
    question = asked.query.get("q", "").strip()[:_MOST]
    exact = _exact(question)
    known = desk.levels.of(exact, desk.now) if exact else None
    alike = tuple(one for one in _alike(desk, exact, question) if one != exact) if question else ()
    warnings = _warnings(desk, question, exact) if question else ()
    return Page("search.html", Results(question, exact, known, alike, warnings))


def one(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Everything that is known of one value."""
    house, now = desk.house, desk.now
    value = observable(asked.query.get("value", ""))
    with house.store.reading("indicator") as tx:
        rows = tx.all("said_of_value", {"value": str(value), "limit": SHOWN}, into=_Posting)
        here = tuple(one for one in ledger.found_here(tx, house.vault.box) if one.found.observable == value)
    kept = desk.classifier.kept_home(value)
    return Page(
        "indicator.html",
        Indicator(
            value=value,
            known=desk.levels.of(value, now),
            said=tuple(
                Said(row.fact, row.kind, row.stream, Instant(row.since), Instant(row.expires)) for row in rows
            ),
            here=here,
            warnings=_warnings(desk, "", value),
            kept=kept.reason if kept else "",
        ),
    )


def _exact(question: str) -> Observable | None:
    try:
        return recognise(question)
    except Malformed:
        return None


def _alike(desk: Desk, exact: Observable | None, question: str) -> list[Observable]:
    """Values of any kind that begin with the question."""
    begins = exact.value if exact else question.lower().replace("[.]", ".").replace("hxxp", "http")
    found: list[Observable] = []
    with desk.house.store.reading("values alike") as tx:
        for kind in Kind:
            first = f"{kind}:{begins}"
            about: Params = {
                "first": first,
                "last": f"{first}\U0010ffff",
                "now": desk.now,
                "limit": SHOWN - len(found),
            }
            found += [observable(row.value) for row in tx.all("values_like", about, into=_Value)]
            if len(found) >= SHOWN:
                break
    return found


def _warnings(desk: Desk, question: str, exact: Observable | None) -> tuple[Standing, ...]:
    words = question.casefold()

    def asked(warning: Warning) -> bool:
        """Whether it names the value, or has the words."""
        if exact is not None:
            return exact in warning.look_for
        return words in f"{warning.title}\n{warning.measures}".casefold()

    return tuple(desk.board.standing(desk.now, SHOWN, asked)[0])
