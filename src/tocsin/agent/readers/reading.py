# SPDX-License-Identifier: Apache-2.0
"""What the reader child hands back about one file: values as found, nothing judged yet.

Everything here stays inside the bank. `tocsin.agent.classify` says whose each value is, and `tocsin.agent.redact`
what of it may leave.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.observable import Observable

MAX_TEXT = 20_000
"""Characters of readable text kept for a person to look at."""


class Found(msgspec.Struct, frozen=True):
    """One value, in normal form, with the place where it stood."""

    observable: Observable
    part: str
    """The part it plays: one of `tocsin.domain.disclosure.PARTS`, or ``text`` when it is only mentioned."""
    where: str
    """For a person: ``From header``, ``link 3``, ``objects[14] indicator--…``."""
    raw: str
    """As it was written, cut at 400 characters."""


class Attachment(msgspec.Struct, frozen=True):
    """A file inside the file."""

    name: str
    media_type: str
    size: int
    sha256: str


class Defect(msgspec.Struct, frozen=True):
    """One object or part that could not be read, with its place and the reason; its neighbours were."""

    where: str
    reason: str


class Reading(msgspec.Struct, frozen=True):
    """Everything that was read from one file."""

    format: str
    """``mail``, ``stix-2.0`` or ``stix-2.1``."""
    title: str = ""
    """Subject line or report name."""
    text: str = ""
    happened: Instant | None = None
    """When the mail was received or the report published, if it says so."""
    found: tuple[Found, ...] = ()
    external_ids: tuple[str, ...] = ()
    """ATT&CK and CVE identifiers, sorted."""
    recipients: tuple[str, ...] = ()
    """The victim's own people, as mail addresses; used to recognise and remove them."""
    attachments: tuple[Attachment, ...] = ()
    authentication: tuple[tuple[str, str], ...] = ()
    """Context such as (``dmarc``, ``fail``); never proof of innocence."""
    tlp: str | None = None
    """The strictest TLP label found, or None."""
    held: bool = False
    """True when a marking was unknown: it is held, not shared."""
    marked_at: str = ""
    """Where the marking that decides stands: the first unknown one, else the strictest label."""
    defects: tuple[Defect, ...] = ()
