# SPDX-License-Identifier: Apache-2.0
"""An agency or the desk warns. The author signs each version itself, so that the hub could not invent one.

1. The author may warn, and signed exactly these bytes with its own key.
2. They are a sound version, with as many officers behind it as the role demands, and pass the linter.
3. Versions: one that was posted before is known; the same with other content, an earlier one, and one that follows a
   withdrawal, an erasure or the end are conflicts. Only what this author posted is looked at.
4. It goes to everybody who has an earlier version, on the same terms, and perhaps to more.
"""

from hashlib import sha256

import msgspec

from tocsin.clock import MINUTE, Instant
from tocsin.domain.audience import Audience
from tocsin.domain.linter import lint_warning
from tocsin.domain.party import MAY_WARN
from tocsin.domain.release import bits
from tocsin.domain.warning import Warning, check_warning
from tocsin.domain.warning_life import OFFICERS
from tocsin.errors import BadSignature, Conflict, Forbidden, Malformed, Refused
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Draft, Placed
from tocsin.hub.verbs.report import resolve_audiences
from tocsin.ids import check_id, new_id
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Transaction
from tocsin.wire.events import WarningEvent
from tocsin.wire.messages import Outcome, Warn, decode_warning, encode

EARLY = 5 * MINUTE
"""An author's clock may be ahead by so much; later, a warning would outlive its bound."""


class _Version(msgspec.Struct, frozen=True):
    stream: str
    seq: int
    version: int
    digest: bytes | None
    chain: str
    withdrawn: int
    expires: int
    purposes: int


def check(hub: Exchange, sender: Sender, warn: Warn, *, linted: bool = False) -> Warning:
    """Steps 1 and 2; `linted` when the rules of what may leave were asked before."""
    # (1)
    if sender.party.role not in MAY_WARN:
        raise Forbidden(f"A {sender.party.role} reports; only an agency or the desk warns.")
    context = Context("warning", hub.identity.realm, hub.identity.id)
    try:
        verify(sender.party.signing_key, context, warn.warning, warn.signature)
    except BadSignature:  # the sender's fault, not history's
        raise Refused("The warning is not signed with its author's key.") from None
    # (2)
    warning = check_warning(decode_warning(warn.warning))
    _check(hub, sender, warn, warning)
    for finding in () if linted else lint_warning(warning, hub.registrable):
        raise Refused(f"{finding.where}: {finding.sentence}")
    return warning


def accept(
    tx: Transaction, hub: Exchange, sender: Sender, warn: Warn, checked: Warning | None = None
) -> tuple[Outcome, ...]:
    """Append a version of a warning to each audience, as its author signed it.

    `checked` is what `check` gave, when it was asked before the transaction.
    """
    warning = checked or check(hub, sender, warn)
    # (3)
    versions = tx.all("versions_of_warning", {"owner": sender.party.id, "id": warning.id}, into=_Version)
    digest = sha256(warn.warning).digest()
    if any((one.version, one.digest) == (warning.version, digest) for one in versions):
        return (Outcome(warning.id, "known", "You posted this version before."),)
    if versions or warning.withdrawn:
        _follows(warning, versions, hub.clock.now())
    # (4)
    audiences = resolve_audiences(tx, warn.audiences, sender)
    _reaches_all(audiences, bits(warn.purposes), versions)
    chain = versions[0].chain if versions else new_id("chn", hub.entropy)
    event = WarningEvent(author=sender.party.id, warning=warn.warning, signature=warn.signature)
    draft = Draft(
        "warning",
        warning.id,
        encode(event),
        chain=chain,
        purposes=frozenset(warn.purposes),
        not_before=Instant(warn.not_before) if warn.not_before else None,
    )
    outcomes = []
    for audience in audiences:
        (place,) = hub.streams.append(tx, str(audience), [draft], sender.origin)
        _record(tx, sender.party.id, place, warning, digest, chain)
        outcomes.append(Outcome(warning.id, "accepted", "", place.stream, place.seq))
    return tuple(outcomes)


def _check(hub: Exchange, sender: Sender, warn: Warn, warning: Warning) -> None:
    """What is wrong with a version whatever else there is."""
    if warning.author != sender.party.id or (warning.version == 1 and warn.id != warning.id):
        raise Refused("The warning names another author or identifier than the message that brought it.")
    if warning.version > 1:
        check_id(warn.id, "msg")
    needed = OFFICERS[sender.party.role]
    if not warning.withdrawn and warning.officers < needed:
        raise Refused(f"{needed} officers of an {sender.party.role} stand behind what it warns of.")
    if warning.issued > hub.clock.now() + EARLY:
        raise Malformed("The warning was issued in the future.")
    if warn.not_before >= warning.expires:
        raise Malformed("The warning expires before its embargo ends.")


def _follows(warning: Warning, versions: list[_Version], now: Instant) -> None:
    """Conflict unless this version may come after those."""
    if not versions:
        raise Conflict("There is nothing to withdraw under this identifier.")
    last = versions[-1]
    if any(one.digest is None for one in versions):
        raise Conflict("You erased this warning: draft a new one.")
    if any(one.withdrawn for one in versions):
        raise Conflict("You withdrew this warning, and that is final: draft a new one.")
    if warning.version == last.version:
        raise Conflict("You posted this version before with other content.")
    if warning.version < last.version:
        raise Conflict(f"Version {last.version} stands already.")
    if now >= last.expires:
        raise Conflict("This warning has expired: draft a new one.")


def _reaches_all(audiences: tuple[Audience, ...], purposes: int, versions: list[_Version]) -> None:
    """Whoever has an earlier version must hear of this one, or would go on acting on that."""
    missing = {one.stream for one in versions} - {str(audience) for audience in audiences}
    if missing:
        raise Refused(f"An earlier version went to {', '.join(sorted(missing))}: so must this one.")
    if any(one.purposes != purposes for one in versions):
        raise Refused("An earlier version was for other purposes: a new one is for the same.")


def _record(tx: Transaction, owner: str, place: Placed, warning: Warning, digest: bytes, chain: str) -> None:
    tx.run(
        "insert_warning",
        {
            "stream": place.number,
            "seq": place.seq,
            "owner": owner,
            "id": warning.id,
            "version": warning.version,
            "digest": digest,
            "chain": chain,
            "withdrawn": int(bool(warning.withdrawn)),
            "expires": warning.expires,
        },
    )
