# SPDX-License-Identifier: Apache-2.0
"""What joins one mail to others of its campaign, whoever they were sent to.

=============  ====================================================================================================
text           SHA-256 of the words of its text, without whatever may name or number somebody
shape          SHA-256 of the names of its HTML tags, in their order
subject        the subject with names, addresses and numbers masked
sending_host   the address from which the bank's own side took it
attachments    SHA-256 of each file in it that is no picture shown in the text
=============  ====================================================================================================

Two mails with equal `text` or equal `shape` are one campaign's; the others only support that: many campaigns leave
from one host, and subjects are few and short.

None of it is a part of a disclosure (docs/adr/0043). A digest is no veil: whoever has the mail, its sender first, has
the digest too, and so learns from it which of his texts, or whose copied page, was reported. The host and the digests
of files leave as indicators, when they are the attacker's.
"""

import re

import msgspec

from tocsin.domain.observable import Kind, Observable, check_normal
from tocsin.errors import Malformed

MAX_SUBJECT = 300
MAX_ATTACHMENTS = 100
JOINING = ("text", "shape")
"""Features of which one alone joins two mails."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class MailFeatures(msgspec.Struct, frozen=True):
    """Of one mail; a feature that it does not have, or has too little of, is empty."""

    text: str = ""
    shape: str = ""
    subject: str = ""
    sending_host: str = ""
    attachments: tuple[str, ...] = ()


def shared(one: MailFeatures, other: MailFeatures) -> tuple[str, ...]:
    """The names of the features that two mails have in common, in the order of the table above."""
    names = ("text", "shape", "subject", "sending_host")
    same = [name for name in names if getattr(one, name) and getattr(one, name) == getattr(other, name)]
    return (*same, "attachments") if {*one.attachments} & {*other.attachments} else tuple(same)


def are_joined(one: MailFeatures, other: MailFeatures) -> bool:
    """Whether two mails are one campaign's by a single feature."""
    return any(name in JOINING for name in shared(one, other))


def check_features(features: MailFeatures) -> MailFeatures:
    """Return them if each has its form; Malformed otherwise. For features from outside."""
    digests = (*filter(None, (features.text, features.shape)), *features.attachments)
    if not all(map(_DIGEST.fullmatch, digests)) or len(features.attachments) > MAX_ATTACHMENTS:
        raise Malformed("A feature of a mail is no SHA-256, or there are too many.")
    if len(features.subject) > MAX_SUBJECT:
        raise Malformed(f"A masked subject has at most {MAX_SUBJECT} characters.")
    if host := features.sending_host:
        check_normal(Observable(Kind.IPV6 if ":" in host else Kind.IPV4, host))
    return features
