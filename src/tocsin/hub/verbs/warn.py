# SPDX-License-Identifier: Apache-2.0
"""An agency or the desk warns. The author signs the warning itself, so that the hub could not invent one."""

from tocsin.clock import Instant
from tocsin.domain.linter import lint_warning
from tocsin.domain.party import MAY_WARN
from tocsin.domain.warning import check_warning
from tocsin.errors import BadSignature, Forbidden, Malformed, Refused
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Draft
from tocsin.hub.verbs.report import resolve_audiences
from tocsin.ids import check_id
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Outcome, Warn, WarningEvent, decode_warning, encode


def accept(tx: Transaction, hub: Exchange, sender: Sender, warn: Warn) -> tuple[Outcome, ...]:
    """Append the warning to each audience, as its author signed it."""
    if sender.party.role not in MAY_WARN:
        raise Forbidden(f"A {sender.party.role} reports; only an agency or the desk warns.")
    context = Context("warning", hub.identity.realm, hub.identity.id)
    try:
        verify(sender.party.signing_key, context, warn.warning, warn.signature)
    except BadSignature:  # the sender's fault, not history's
        raise Refused("The warning is not signed with its author's key.") from None
    warning = check_warning(decode_warning(warn.warning))
    if check_id(warning.id, "wrn") != warn.id or warning.author != sender.party.id:
        raise Refused("The warning names another author or identifier than the message that brought it.")
    for finding in lint_warning(warning, hub.registrable):
        raise Refused(f"{finding.where}: {finding.sentence}")
    body = encode(WarningEvent(author=sender.party.id, warning=warn.warning, signature=warn.signature))
    if warn.not_before >= warning.expires:
        raise Malformed("The warning expires before its embargo ends.")
    draft = Draft(
        "warning",
        warn.id,
        body,
        purposes=frozenset(warn.purposes),
        not_before=Instant(warn.not_before) if warn.not_before else None,
    )
    outcomes = []
    for audience in resolve_audiences(tx, warn.audiences, sender):
        (place,) = hub.streams.append(tx, str(audience), [draft], sender.origin)
        outcomes.append(Outcome(warn.id, "accepted", "", place.stream, place.seq))
    return tuple(outcomes)
