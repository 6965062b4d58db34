# SPDX-License-Identifier: Apache-2.0
"""How a warning lives: at its author's, step by step; at its readers, by the set of versions that they hold.

At home each version takes the steps of `STEPS`::

    draft → approved → issued → updated (a later version was issued) | withdrawn | expired

A reader has no steps. `standing` picks the one version that counts out of all that were proved, whatever their order
of arrival, so neither a replay nor a delay brings an older one back:

1. A withdrawal is final. Of several, the earliest; nothing signed after it counts.
2. Otherwise the latest version.
3. Where its author signed two contents as one version, the one with the smaller digest, so that every reader shows
   the same; `contradicts` tells people of it.
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from tocsin.clock import Instant
from tocsin.domain.party import Role
from tocsin.errors import Conflict, Forbidden


class State(StrEnum):
    """Where one version of a warning is."""

    DRAFT = "draft"
    APPROVED = "approved"
    ISSUED = "issued"
    UPDATED = "updated"
    """A later version was issued in its place."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Step(StrEnum):
    """What an officer may do with it."""

    REVISE = "revise"
    APPROVE = "approve"
    ISSUE = "issue"
    UPDATE = "update"
    WITHDRAW = "withdraw"


STEPS: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.REVISE): State.DRAFT,
    (State.DRAFT, Step.APPROVE): State.APPROVED,
    (State.DRAFT, Step.WITHDRAW): State.WITHDRAWN,
    (State.APPROVED, Step.REVISE): State.DRAFT,
    (State.APPROVED, Step.ISSUE): State.ISSUED,
    (State.APPROVED, Step.WITHDRAW): State.WITHDRAWN,
    (State.ISSUED, Step.UPDATE): State.UPDATED,
    (State.ISSUED, Step.WITHDRAW): State.WITHDRAWN,
}
"""Every step that there is. `take` adds who may take it; time alone leads from issued to expired."""

_REFUSALS: dict[tuple[State, Step], str] = {
    (State.DRAFT, Step.ISSUE): "Another officer approves it first.",
    (State.DRAFT, Step.UPDATE): "It was never issued: revise the draft.",
    (State.APPROVED, Step.UPDATE): "It was never issued: revise it, and have it approved again.",
    (State.APPROVED, Step.APPROVE): "It is approved already: issue it.",
    (State.ISSUED, Step.REVISE): "What was issued is signed and cannot change: update it to a new version.",
    (State.ISSUED, Step.APPROVE): "It was issued already.",
    (State.ISSUED, Step.ISSUE): "It was issued already: update it to a new version.",
}
_ENDED: dict[State, str] = {
    State.UPDATED: "A later version stands in its place.",
    State.WITHDRAWN: "It was withdrawn, and that is final: draft a new warning.",
    State.EXPIRED: "It has expired: draft a new warning.",
}
_DONE: dict[Step, str] = {
    Step.REVISE: "revised",
    Step.APPROVE: "approved",
    Step.ISSUE: "issued",
    Step.UPDATE: "updated",
    Step.WITHDRAW: "withdrawn",
}

OFFICERS: dict[Role, int] = {Role.AGENCY: 2, Role.DESK: 1}
"""How many different officers stand behind each version that names values. A desk may demand more of itself."""


def present(state: State, expires: Instant, now: Instant) -> State:
    """The state as it is now: an issued version expires by itself."""
    return State.EXPIRED if state is State.ISSUED and now >= expires else state


def take(state: State, step: Step) -> State:
    """The state after the step; Conflict says why it cannot be taken."""
    after = STEPS.get((state, step))
    if after is None:
        is_now = "a draft" if state is State.DRAFT else state
        why = _ENDED.get(state) or _REFUSALS[state, step]
        done = _DONE[step]
        cannot = (
            f"A warning that is {is_now} stays so."
            if state == done
            else f"A warning that is {is_now} cannot be {done}."
        )
        raise Conflict(f"{cannot} {why}", next_step="Look at it: tocsin agent warn DIR show ID.")
    return after


def second_officer(author: str, by: str, needed: int) -> None:
    """Forbidden when `by` approves what the same person wrote, and more than one officer is needed."""
    if needed > 1 and same_person(author, by):
        raise Forbidden(
            "Whoever wrote a warning does not approve it: another officer does.",
            next_step="Let that officer run it: tocsin agent warn DIR approve ID --by NAME.",
        )


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, however they are spelled: case, accents' encoding and spaces do not count."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class Stated(msgspec.Struct, frozen=True, order=True):
    """What decides between versions of one author's warning: nothing that the hub could choose."""

    version: int
    digest: bytes
    """SHA-256 of the bytes that the author signed."""
    withdrawn: bool


def standing(versions: Iterable[Stated]) -> Stated | None:
    """The version that counts; None when there is none."""
    held = sorted(versions)
    final = [one for one in held if one.withdrawn]
    if final:
        return final[0]
    return next((one for one in held if one.version == held[-1].version), None)


def contradicts(new: Stated, held: Iterable[Stated]) -> str:
    """What people must hear of when this version comes to those; empty when it fits."""
    others = [one for one in held if one != new]
    if any(one.version == new.version for one in others):
        return f"was signed with two different contents as version {new.version}"
    last = max((one.version for one in (new, *others)), default=0)
    if any(one.withdrawn and one.version < last for one in (new, *others)):
        return "was signed again after it had been withdrawn"
    return ""
