# SPDX-License-Identifier: Apache-2.0
"""How parties answer a warning, and what others learn of it: messages as in `tocsin.wire.messages`."""

from tocsin.domain.acknowledgement import Answer
from tocsin.domain.level import Band
from tocsin.domain.party import Role
from tocsin.wire.messages import Message, Size, Told


class Acknowledge(Told, frozen=True, kw_only=True, tag="acknowledge"):
    """A party answers one version of a warning; others learn bands."""

    chain: str
    """``chn_…`` in the headers of the warning's entries: one author's, whoever else uses its identifier."""
    version: Size
    answer: Answer


class AcknowledgementEvent(Message, frozen=True, kw_only=True, tag="acknowledgement"):
    """What a party answered, in the stream that only this party reads."""

    chain: str
    version: Size
    answer: Answer


class AnswersEvent(Message, frozen=True, kw_only=True, tag="answers"):
    """How many parties of one role have answered a version of a warning, as bands; the latest entry holds."""

    chain: str
    version: Size
    audience: str
    """The stream whose readers are counted; another than the entry's only in the author's own stream."""
    role: Role
    received: Band
    """Whoever gave any answer."""
    acted: Band
    not_affected: Band
