# SPDX-License-Identifier: Apache-2.0
"""Comparing two signed notes of one head log: what one reader was shown with what another was, or the partner signed.

A hub can keep two histories and show each reader its own. Each is consistent in itself, so no reader alone can tell.
Two notes side by side can:

=================  ==================================================================================================
same size          one root, or the log has two histories: the signatures on the two notes are the proof
different sizes    the hub proves that the longer begins with the shorter (RFC 9162 §2.1.4); it cannot, if they differ
=================  ==================================================================================================

An honest partner co-signs one history, so whoever is shown the other sees heads that are late. A partner that co-signs
both is caught here, by two of its own signatures. Pure; how notes travel between readers is theirs: any way that the
hub does not control will do.
"""

import msgspec

from tocsin.errors import BadProof, Forked, ProofError
from tocsin.follow.verify import Trust
from tocsin.proof.merkle import verify_consistency
from tocsin.proof.note import Checkpoint, Note, open_under, verify_cosignature


class Seen(msgspec.Struct, frozen=True):
    """A note that was opened: the hub signed it, and who else did."""

    checkpoint: Checkpoint
    witnessed: bool
    text: str


def see(trust: Trust, text: str) -> Seen:
    """Open a note of this alliance's log, under a former key of the hub too; BadSignature for one of another
    log, another hub or another partner.
    """
    note = open_under(text, [trust.hub_key, *trust.former_keys])
    return Seen(note.checkpoint, _witnessed(trust, note), text)


def refuse_two_histories(one: Seen, other: Seen) -> None:
    """Forked when two notes of the same size have different roots; says whose two signatures prove it."""
    if one.checkpoint.size != other.checkpoint.size or one.checkpoint.root == other.checkpoint.root:
        return
    both = " and the partner has co-signed both" if one.witnessed and other.witnessed else ""
    raise Forked(
        f"The hub has signed two different histories of {one.checkpoint.size} heads{both}. "
        "Keep both notes: the signatures on them are the proof."
    )


def refuse_no_extension(shorter: Seen, longer: Seen, path: tuple[bytes, ...]) -> None:
    """Forked when the hub does not prove that the longer log begins with the shorter."""
    old, new = shorter.checkpoint, longer.checkpoint
    try:
        verify_consistency(old.size, old.root, new.size, new.root, path)
    except BadProof as error:
        raise Forked(
            f"The hub cannot show that its history of {new.size} heads begins with the {old.size} that were shown "
            f"elsewhere. {error.detail}"
        ) from None
    except ProofError as error:
        raise Forked(
            f"The history of {new.size} heads does not begin with the {old.size}. {error.detail}"
        ) from None


def _witnessed(trust: Trust, note: Note) -> bool:
    for key in (trust.partner_key, *trust.former_partners):
        if key is not None and note.line_of(key) is not None:
            verify_cosignature(note, key)
            return True
    return False
