# SPDX-License-Identifier: Apache-2.0
"""An agency or the desk warns everybody: what to look for, what to do, until when; never who was hurt."""

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.clock import DAY, Instant
from tocsin.domain.linter import lint_warning
from tocsin.domain.observable import Observable
from tocsin.domain.party import MAY_WARN, Role
from tocsin.domain.warning import Urgency, Warning, check_warning
from tocsin.errors import Forbidden, Refused
from tocsin.ids import new_id
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Warn, encode_warning
from tocsin.wire.registrable import registrable

PATH = "/v1/warnings"


def draft(
    house: House,
    *,
    title: str,
    look_for: tuple[Observable, ...],
    measures: str,
    urgency: Urgency,
    days: int,
) -> Warning:
    """The warning as it would be issued; Forbidden or Refused when it may not."""
    membership = house.vault.membership()
    if Role(membership.role) not in MAY_WARN:
        raise Forbidden(f"A {membership.role} reports; only an agency or the desk warns.")
    now = house.clock.now()
    warning = check_warning(
        Warning(
            id=new_id("wrn", house.entropy),
            author=membership.party,
            title=title,
            look_for=look_for,
            measures=measures,
            urgency=urgency,
            issued=now,
            expires=Instant(now + days * DAY),
        )
    )
    for finding in lint_warning(warning, registrable):
        raise Refused(f"{finding.where}: {finding.sentence}")
    return warning


def issue(house: House, warning: Warning, audiences: tuple[str, ...], by: str) -> str:
    """Sign the warning with this party's own key and queue it; its identifier."""
    membership = house.vault.membership()
    data = encode_warning(warning)
    key = SigningKey.from_seed(membership.signing_seed)
    message = Warn(
        id=warning.id,
        sent=house.clock.now(),
        audiences=audiences,
        warning=data,
        signature=key.sign(Context("warning", membership.realm, membership.hub), data),
    )

    def work(tx: Transaction) -> None:
        write(
            tx, house.vault.box, Decision(warning.issued, by, "issued a warning", warning.id, warning.title)
        )
        house.outbox.queue(tx, PATH, message)

    house.store.run("issue warning", work)
    return warning.id
