# SPDX-License-Identifier: Apache-2.0
"""What the agent's protection files hold, and how products get them."""

from typing import Annotated

import msgspec

from tocsin.config.listen import Count, Listen, Port

Days = Annotated[float, msgspec.Meta(gt=0, le=3_660)]


Speed = Annotated[float, msgspec.Meta(gt=0, le=10)]


class Decay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a value counts after it was last named; a warning names its own end."""

    base: Annotated[int, msgspec.Meta(ge=1, le=100)] = 80
    """Score of a value when it is named, of 100."""
    threshold: Annotated[int, msgspec.Meta(ge=0, le=99)] = 30
    """Score at which it stops counting; below the base."""
    name_days: Days = 48.0
    """Days until the score of a name, link, mail address or file name is 0."""
    name_speed: Speed = 1.0
    """How fast it falls: 1 evenly, more: faster at the beginning."""
    address_days: Days = 48.0
    """Days until the score of an address or network is 0."""
    address_speed: Speed = 2.0
    """How fast it falls; addresses are given to others soon."""
    hash_days: Days = 144.0
    """Days until the score of a file's hash is 0."""
    hash_speed: Speed = 1.0
    """How fast it falls; a hash never means another file."""
    account_days: Days = 96.0
    """Days until the score of an account or a wallet is 0."""
    account_speed: Speed = 1.0
    """How fast it falls."""


class ShieldCap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cap for one shield, where another than `cap` is wanted."""

    shield: str
    """Its name, as above."""
    cap: Count
    """The most values that its files may hold."""


class Post(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a system of the bank's own is told what is blocked, whenever that changes."""

    url: str
    """Its address; https, except on this machine."""
    key_file: str
    """Path of a file with the key that signs, mode 0600; the receiver has the same."""
    format: str = "stix"
    """The shield whose file is posted; one that writes a single file."""


class Shields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which protection files the agent makes, and what goes in. Each only monitors until a person switches it on."""

    csv: str = ""
    """Path of a CSV file with every value at `block`."""
    rpz: str = ""
    """Path of a DNS response policy zone."""
    suricata: str = ""
    """Path of a Suricata rules file."""
    datasets: str = ""
    """Folder of Suricata datasets with their rules."""
    sigma: str = ""
    """Path of a file of Sigma rules."""
    nftables: str = ""
    """Path of a file for `nft -f`."""
    edl: str = ""
    """Folder of external dynamic lists for firewalls, which fetch them: see `feeds`."""
    sentinel: str = ""
    """Path of a JSON file of indicators for Microsoft Sentinel."""
    defender: str = ""
    """Folder of CSV files of indicators for Microsoft Defender for Endpoint."""
    splunk: str = ""
    """Folder of lookup files for Splunk Enterprise Security."""
    stix: str = ""
    """Path of a STIX 2.1 bundle."""
    misp: str = ""
    """Folder of a MISP feed."""
    cap: Count = 100_000
    """The most values that the files of one shield may hold; the room is shared among those who named them."""
    passive_dns: str = ""
    """Path of passive DNS records: what your own and your partners' names lead to is held, too."""


class FeedListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where products fetch the files of shields over HTTPS, each with a credential of its own."""

    port: Port = 8713
    """Port; 0 takes a free one and prints it."""
