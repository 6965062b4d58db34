# SPDX-License-Identifier: Apache-2.0
"""What the reader child hands back about one file: values as found, nothing judged yet.

Everything here stays inside the bank. `tocsin.agent.redaction` says whose each value is, and what of it may
leave.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.mail_features import MailFeatures
from tocsin.domain.observable import Observable

MAX_TEXT = 20_000
"""Characters of readable text kept for a person to look at."""
MAX_NAMES = 200
MAX_NUMBERS = 60
"""People to whom one file was written, and numbers of theirs in it."""


FORMATS = frozenset(
    {"mail", "stix-2.0", "stix-2.1", "misp", "text", "html", "pdf", "list", "table", "zeek", "suricata"}
)


class Found(msgspec.Struct, frozen=True, gc=False):
    """One value, in normal form, with the place where it stood."""

    observable: Observable
    part: str
    """The part it plays: one of `tocsin.domain.disclosure.PARTS`, or ``text`` when it is only mentioned."""
    where: str
    """For a person: ``From header``, ``link 3``, ``objects[14] indicator--…``."""
    raw: str
    """As it was written, cut at 400 characters."""


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A file inside the file."""

    name: str
    media_type: str
    size: int
    sha256: str


class Defect(msgspec.Struct, frozen=True, gc=False):
    """One object or part that could not be read, with its place and the reason; its neighbours were."""

    where: str
    reason: str


class Hop(msgspec.Struct, frozen=True, gc=False):
    """One handing over of the mail, as the server that took it wrote it (RFC 5321 §4.4). Anybody may forge one."""

    where: str
    """The place of the value that `address` is; the topmost hop, the last in time, is the first."""
    address: str
    """Of the server that handed it over, in normal form; empty when none is written."""
    calls_itself: str
    """What that server said it was (HELO), in lower case; empty when nobody handed it over."""
    looked_up: str
    """What the taker found its address to be called, ``unknown`` if it looked in vain; empty if it did not say."""
    taken_by: str
    """What the taker is called."""


class Check(msgspec.Struct, frozen=True, gc=False):
    """One server's word on which host sent the mail (RFC 8601, RFC 7208 §9.1, RFC 8617). Anybody may write one."""

    where: str
    server: str
    """Who says so, in lower case; empty when the field does not name its writer."""
    address: str
    """Of the host, in normal form."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """Everything that was read from one file."""

    format: str
    """One of `FORMATS`."""
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
    recipient_names: tuple[str, ...] = ()
    """What the mail calls them: display names of the recipients' fields, words after a greeting. Used likewise."""
    recipient_numbers: tuple[str, ...] = ()
    """Numbers that the subject or the lines after a greeting name: a customer's, a card's, a birth date."""
    hops: tuple[Hop, ...] = ()
    """The way of each mail, topmost hop first."""
    checks: tuple[Check, ...] = ()
    """What servers say of the sending host of each mail, topmost first of each field's name."""
    features: MailFeatures | None = None
    """What joins the mail to others of its campaign, but for its sending host (`tocsin.agent.features`)."""
    attachments: tuple[Attachment, ...] = ()
    authentication: tuple[tuple[str, str], ...] = ()
    """Context such as (``dmarc``, ``fail``); never proof of innocence."""
    tlp: str | None = None
    """The strictest TLP label found, or None."""
    held: bool = False
    """True when a marking was unknown: it is held, not shared."""
    marked_at: str = ""
    """Where the marking that decides stands: the first unknown one, else the strictest label."""
    counts: tuple[tuple[str, int], ...] = ()
    """How many of what the file holds, sorted: lines of a log by their kind, attributes of an event."""
    defects: tuple[Defect, ...] = ()
