# SPDX-License-Identifier: Apache-2.0
"""An agency or the desk warns everybody: what to look for, what to do, until when; never who was hurt.

Each function is one officer's step, in one transaction with its line in the journal. Before anything is signed a
second officer has approved exactly these words: always at an agency, at a desk where its settings say so. Withdrawing
needs one officer: what stops a wrong block must not wait.

A warning passes the linter that disclosures pass, and neither its text nor its values name a bank of the alliance: who
was hurt, and whose name is abused, is for nobody to read here.

The agent believes the names that it is told. Who may type them is a matter of the machine it runs on.
"""

import msgspec

from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Sent
from tocsin.agent.history.directory import PartyRow
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.own_warnings import Content, OwnWarning, keep, newest, versions
from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.naming import MemberNames
from tocsin.agent.vault import Membership
from tocsin.clock import Instant
from tocsin.domain.audience import Audience
from tocsin.domain.linter import lint_warning
from tocsin.domain.observable import Observable
from tocsin.domain.party import MAY_WARN, Role
from tocsin.domain.warning import Urgency, Warning, check_warning
from tocsin.domain.warning_life import OFFICERS, State, Step, second_officer, take
from tocsin.errors import Conflict, Forbidden, Malformed, Refused
from tocsin.ids import new_id
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Warn, encode_warning
from tocsin.wire.registrable import registrable

PATH = "/v1/warnings"

_UNSENT = (State.DRAFT, State.APPROVED)


class Change(msgspec.Struct, frozen=True):
    """What an officer changes; None leaves a part as it is."""

    title: str | None = None
    look_for: tuple[Observable, ...] | None = None
    measures: str | None = None
    urgency: Urgency | None = None
    days: int | None = None
    grading: str | None = None
    audiences: tuple[str, ...] | None = None


def draft(house: House, content: Content, audiences: tuple[str, ...], by: str) -> OwnWarning:
    """Begin a warning; Forbidden, Malformed or Refused when it could not be issued."""
    author, members, now = _author(house), _members(house), house.clock.now()
    begun = OwnWarning(
        id=new_id("wrn", house.entropy),
        version=1,
        state=State.DRAFT,
        content=content,
        audiences=_canonical(audiences),
        author=_named(by),
        changed=now,
    )
    _signable(members, author, begun, now)
    return house.store.run(
        "draft warning", lambda tx: _record(tx, house, begun, by, "drafted a warning", now)
    )


def update(house: House, warning_id: str, change: Change, by: str) -> OwnWarning:
    """Change a draft, or begin the next version of what was issued; either way it is approved again."""
    author, members, now = _author(house), _members(house), house.clock.now()

    def work(tx: Transaction) -> OwnWarning:
        """The draft as it stands now."""
        last = versions(tx, house.vault.box, warning_id)[-1]
        if last.state in _UNSENT:
            take(last.state, Step.REVISE)
            version = last.version
        else:
            take(last.now(now), Step.UPDATE)
            version = last.version + 1
        begun = OwnWarning(
            id=last.id,
            version=version,
            state=State.DRAFT,
            content=_changed(last.content, change),
            audiences=last.audiences if change.audiences is None else _canonical(change.audiences),
            author=_named(by),
            changed=now,
        )
        _signable(members, author, begun, now)
        return _record(tx, house, begun, by, "changed a warning", now)

    return house.store.run("update warning", work)


def approve(house: House, warning_id: str, by: str, *, seen: str | None = None) -> OwnWarning:
    """A second officer agrees to exactly these words; Forbidden for the one who wrote them.

    Conflict when they are not those that the officer has `seen`, by the mark that a page bore.
    """
    needed, now = officers_needed(house), house.clock.now()

    def work(tx: Transaction) -> OwnWarning:
        """The version with its approver."""
        last = versions(tx, house.vault.box, warning_id)[-1]
        _demand_seen(last, seen)
        state = take(last.now(now), Step.APPROVE)
        second_officer(last.author, by, needed)
        approved = msgspec.structs.replace(last, state=state, approver=_named(by), changed=now)
        return _record(tx, house, approved, by, "approved a warning", now)

    return house.store.run("approve warning", work)


def issue(house: House, warning_id: str, by: str, case: str = "", *, seen: str | None = None) -> OwnWarning:
    """Sign an approved version with this party's own key, queue it, and tie it to `case`.

    Where one officer is enough, issuing a draft approves it. Conflict when it is not what the officer has `seen`.
    """
    author, members, needed, now = _author(house), _members(house), officers_needed(house), house.clock.now()

    def work(tx: Transaction) -> OwnWarning:
        """The version with its message, and every earlier one replaced."""
        *earlier, last = versions(tx, house.vault.box, warning_id)
        _demand_seen(last, seen)
        if last.state is State.DRAFT and needed == 1:
            last = msgspec.structs.replace(last, state=take(last.state, Step.APPROVE), approver=_named(by))
        state = take(last.now(now), Step.ISSUE)
        signed = _signable(members, author, last, now)
        for one in earlier:
            if one.state is State.ISSUED:
                replaced = take(one.now(now), Step.UPDATE)
                keep(tx, house.vault.box, msgspec.structs.replace(one, state=replaced, changed=now))
        message = _send(tx, house, author, signed, last.audiences)
        issued = msgspec.structs.replace(last, state=state, issued=now, changed=now, message=message)
        return _record(tx, house, issued, by, "issued a warning", now, case=case)

    return house.store.run("issue warning", work)


def withdraw(house: House, warning_id: str, reason: str, by: str, case: str = "") -> OwnWarning:
    """Take a warning out of effect everywhere, for good; a draft is only put aside.

    The newest version afterwards: with a message when readers are told, without one when there was nothing to tell.
    """
    author, now = _author(house), house.clock.now()
    if not reason.strip():
        raise Malformed("A withdrawal says why.")

    def work(tx: Transaction) -> OwnWarning:
        """The version that takes the warning out of effect; drafts of it go with it."""
        held = versions(tx, house.vault.box, warning_id)
        last = next((one for one in held if one.state is State.ISSUED), held[-1])
        gone = _withdrawn(last, reason, now)
        if last.state in _UNSENT:
            return _record(tx, house, gone, by, "withdrew a draft", now, reason)
        for one in held:
            if one.state in _UNSENT:
                keep(tx, house.vault.box, _withdrawn(one, reason, now))
        keep(tx, house.vault.box, gone)
        final = msgspec.structs.replace(gone, version=held[-1].version + 1, author=_named(by), approver="")
        signed = check_warning(_withdrawal(author, final, now))
        message = _send(tx, house, author, signed, final.audiences)
        final = msgspec.structs.replace(final, message=message)
        return _record(tx, house, final, by, "withdrew a warning", now, reason, case)

    return house.store.run("withdraw warning", work)


def written(house: House) -> list[OwnWarning]:
    """The newest version of each warning of this party's, the last changed first."""
    with house.store.reading("own warnings") as tx:
        return newest(tx, house.vault.box)


def history(house: House, warning_id: str) -> list[OwnWarning]:
    """Every version of one of them, oldest first."""
    with house.store.reading("own warning") as tx:
        return versions(tx, house.vault.box, warning_id)


def officers_needed(house: House) -> int:
    """How many officers stand behind each version: the rule for the role, or more by the party's own setting."""
    return max(OFFICERS[Role(_author(house).role)], 2 if house.config.second_officer else 1)


def _author(house: House) -> Membership:
    """Who this party is; Forbidden when its role does not warn."""
    membership = house.vault.membership()
    if Role(membership.role) not in MAY_WARN:
        raise Forbidden(f"A {membership.role} reports; only an agency or the desk warns.")
    return membership


def _withdrawn(warning: OwnWarning, reason: str, now: Instant) -> OwnWarning:
    state = take(warning.now(now), Step.WITHDRAW)
    return msgspec.structs.replace(warning, state=state, withdrawn=reason, changed=now)


def _withdrawal(author: Membership, warning: OwnWarning, now: Instant) -> Warning:
    """What is signed to take a warning back: no values, no measures, and the end that it had."""
    return msgspec.structs.replace(
        warning.signed_form(author.party, warning.issued),
        issued=now,
        look_for=(),
        measures="",
        withdrawn=warning.withdrawn,
    )


def _changed(content: Content, change: Change) -> Content:
    return Content(
        title=content.title if change.title is None else change.title,
        look_for=content.look_for if change.look_for is None else change.look_for,
        measures=content.measures if change.measures is None else change.measures,
        urgency=content.urgency if change.urgency is None else change.urgency,
        days=content.days if change.days is None else change.days,
        grading=content.grading if change.grading is None else change.grading,
    )


def _signable(members: MemberNames, author: Membership, warning: OwnWarning, now: Instant) -> Warning:
    """The version as it would be signed now; Malformed or Refused when it may not leave."""
    signed = check_warning(warning.signed_form(author.party, now))
    for finding in lint_warning(signed, registrable):
        raise Refused(f"{finding.where}: {finding.sentence}")
    members.demand_unnamed(signed)
    return signed


def _members(house: House) -> MemberNames:
    """The banks of the alliance as the directory has them now, and what is this party's own."""
    with house.store.reading("member banks") as tx:
        rows = tx.all("parties", {}, into=PartyRow)
    return MemberNames(own_assets(house.config.own), [row.name for row in rows if row.role == Role.BANK])


def _demand_seen(warning: OwnWarning, seen: str | None) -> None:
    if seen is not None and seen != warning.seen():
        raise Conflict("It was changed after you opened it.", next_step="Read it again, and decide then.")


def _canonical(audiences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(Audience.parse(text)) for text in audiences) or ("all",)


def _named(by: str) -> str:
    if not by.strip() or len(by) > 200:
        raise Malformed("An officer has a name of at most 200 characters.")
    return by.strip()


def _send(
    tx: Transaction, house: House, author: Membership, warning: Warning, audiences: tuple[str, ...]
) -> str:
    """Sign exactly these bytes and put them in line; the message's identifier."""
    if house.vault.next_keys_in(tx) is not None:
        raise Conflict(
            "This party's keys are being replaced: what the present one signs now would be refused.",
            next_step="Let tocsin agent serve finish it once the hub answers, then run the same command again.",
        )
    data = encode_warning(warning)
    message = Warn(
        id=warning.id if warning.version == 1 else new_id("msg", house.entropy),
        sent=house.clock.now(),
        audiences=audiences,
        warning=data,
        signature=SigningKey.from_seed(author.signing_seed).sign(
            Context("warning", author.realm, author.hub), data
        ),
    )
    house.outbox.queue(tx, PATH, message)
    return message.id


def _record(
    tx: Transaction,
    house: House,
    warning: OwnWarning,
    by: str,
    what: str,
    now: Instant,
    why: str = "",
    case: str = "",
) -> OwnWarning:
    """Keep the step with its line in the journal, and in the case that it is about."""
    about = f"{warning.id} version {warning.version}"
    if case:
        sent = Sent("warning", warning.id, warning.message)
        ledger.write(tx, house.vault.box, case, _named(by), now, sent)
    write(tx, house.vault.box, Decision(now, _named(by), what, about, why or warning.content.title))
    return keep(tx, house.vault.box, warning)
