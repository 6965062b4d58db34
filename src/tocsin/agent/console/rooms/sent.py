# SPDX-License-Identifier: Apache-2.0
"""A report that was let go: whether the hub has receipted it, entry by entry; and the way to take it back."""

import msgspec

from tocsin.agent.anonymous import reports
from tocsin.agent.console.desk import Desk
from tocsin.agent.outbox import Settled, settled_state
from tocsin.agent.people.person import Person
from tocsin.agent.reported import erased
from tocsin.agent.verbs.erase import erase, withdraw
from tocsin.errors import Malformed, Unknown
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page
from tocsin.wire.messages import ERASURE_REASONS


class Sent(msgspec.Struct, frozen=True):
    """One report on its way, or at its end."""

    report: str
    report_class: str
    state: str
    """``waiting``, ``receipted`` or ``refused``; of an anonymous one its own words."""
    tries: int
    settled: Settled | None
    among: int
    """Of an anonymous one: how many senders its slot had; 0: not known."""
    taken_back: bool
    reasons: tuple[str, ...] = tuple(ERASURE_REASONS)


def look(desk: Desk, person: Person, asked: Asked) -> Answer:
    """How it stands; Unknown for what this party never sent."""
    return Page("sent.html", _sent(desk, asked.path["report"]))


def take_back(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Nobody is to have it any more: an anonymous one only as long as it has not gone."""
    report, reason = asked.path["report"], asked.one("reason")
    if reason not in ERASURE_REASONS:
        raise Malformed("A report is taken back for one of the reasons that the form offers.")
    _sent(desk, report)
    if not withdraw(desk.house, report, person.name):
        erase(desk.house, report, reason, person.name)
        desk.told()
    return Elsewhere(f"/reports/{report}")


def _sent(desk: Desk, report: str) -> Sent:
    house = desk.house
    with house.store.reading("a report") as tx:
        hidden = reports.find(tx, house.vault.box, report)
    if hidden is not None:
        return Sent(
            report,
            hidden.way.report_class,
            hidden.state,
            len(hidden.attempts),
            None,
            hidden.among,
            taken_back=False,
        )
    state = house.outbox.state(report)
    if state is None:
        raise Unknown(f"This party has sent no report {report[:60]!r}.")
    membership = house.vault.membership()
    with house.store.reading("the hub's keys") as tx:
        settled = settled_state(tx, state, membership)
    return Sent(report, "named", state.state, state.tries, settled, 0, erased(house, report))
