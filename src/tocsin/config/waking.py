# SPDX-License-Identifier: Apache-2.0
"""Who is woken, in what order and how."""

from typing import Annotated, Literal

import msgspec

from tocsin.config.listen import Port

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who may be woken."""

    name: str
    """How shifts call this person; it stays here."""
    mail: tuple[str, ...]
    """Addresses: a mailbox, a pager, a gateway that sends a text or rings a telephone."""


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shift of every week; where several cover a moment, the first counts."""

    days: tuple[DayName, ...]
    """Days on which it begins: ``mon`` to ``sun``, and ``holiday`` for those of `wake.holidays`."""
    begin: TimeOfDay
    """When it begins, on the wall's clock."""
    end: TimeOfDay
    """When it ends; on the next day when that is no later than its begin."""
    people: tuple[str, ...]
    """Who is called, in this order."""
    turns_since: Date | Literal[""] = ""
    """From the week of that day on the order moves by one person each Monday; empty: it stays."""


class ShiftChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other people for a while; where several cover a moment, the last counts."""

    begin: str
    """Such as ``2026-12-24 18:00``, on the wall's clock."""
    end: str
    """The same."""
    people: tuple[str, ...]
    """Who is called instead, in this order."""


class Smtp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mail server that takes messages for the people on call."""

    host: str = ""
    """Name of the server, as its certificate has it; empty: no mail is sent."""
    sender: str = ""
    """Address that the messages come from."""
    port: Port = 587
    """Its port."""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """``implicit``: from the first byte, usually port 465; ``none`` only for a server on this very machine."""
    user: str = ""
    """Account that may send; empty: the server asks for none."""
    password_file: str = ""
    """Path of a file with the password, mode 0600; a bare name is a credential that systemd hands over."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address of your own that is told too, such as an alerting service's; the way out is the agent's."""

    url: str = ""
    """Where to; https, or http on this machine alone. Empty: none."""
    secret_file: str = ""
    """Path of a file with the secret that signs, mode 0600; a bare name is a credential of systemd's."""


class Syslog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log server (RFC 5424) that is told too. It wakes nobody."""

    host: str = ""
    """Name or address of the server; empty: none."""
    port: Port = 6514
    """Its port; 514 for UDP as a rule."""
    transport: Literal["tls", "udp"] = "tls"
    """RFC 5425 or RFC 5426."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""


class Wake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is woken by what is urgent, when and how. What is told says nothing of what happened."""

    people: tuple[Person, ...]
    """Everybody who may be woken; where no shift says otherwise they are called in this order."""
    shifts: tuple[Shift, ...] = ()
    """The rota."""
    changes: tuple[ShiftChange, ...] = ()
    """Changes of the rota for a while."""
    time_zone: str = "UTC"
    """Of the wall's clock, such as ``Europe/London``."""
    holidays: tuple[Date, ...] = ()
    """Days on which shifts for ``holiday`` count in place of those for the day of the week."""
    schedule: tuple[str, ...] = (
        "0 on-call",
        "5 on-call",
        "15 next",
        "30 next",
        "60 everybody",
        "120 everybody",
    )
    """Minutes after which people are told of what is urgent until one acknowledges it, and who."""
    quiet_begin: TimeOfDay = "20:00"
    """From then on nobody is told of what is not urgent."""
    quiet_end: TimeOfDay = "07:00"
    """Until then; the same as `quiet_begin`: there are no quiet hours."""
    quiet_days: tuple[DayName, ...] = ("sat", "sun", "holiday")
    """Days that are quiet from beginning to end."""
    smtp: Smtp = Smtp()
    """The mail server."""
    webhook: Webhook = Webhook()
    """An address that is told too."""
    syslog: Syslog = Syslog()
    """A log server that is told too."""
