# SPDX-License-Identifier: Apache-2.0
"""How people sign in to the console of an agent."""

from typing import Annotated, Literal

import msgspec

PersonRole = Literal["analyst", "approver", "admin", "auditor"]


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of the institution's directory, and what its people are here for."""

    group: str
    """As the identity provider names it."""
    roles: tuple[PersonRole, ...]
    """``analyst``, ``approver``, ``admin``, ``auditor``; those of several groups add up."""


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The institution's own identity provider (OpenID Connect). Who is in no group of `groups` is not let in."""

    issuer: str
    """Its address, exactly as it names itself; https, or http on this machine alone."""
    client_id: str
    """How it knows this console."""
    groups: tuple[Group, ...]
    """Who may come in, and what for; it is asked anew at every sign-in."""
    client_secret_file: str = ""
    """Path of a file with the secret, mode 0600; a bare name is a credential of systemd's. Empty: it gave none."""
    groups_claim: str = "groups"
    """Where the identity token has the groups."""
    name_claim: str = "name"
    """Where it has the person's name."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What it is asked for."""
    proxy: str = ""
    """HTTP proxy for the way there, with credentials if it wants them; empty: none."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people sign in to the console, and for how long."""

    origin: str = ""
    """Where browsers reach it, such as ``https://tocsin.bank.example``; passkeys and OIDC need it. Empty: neither."""
    passwords: bool = True
    """Let people in by a password with a one-time code; false: by passkeys and the identity provider only."""
    idle_minutes: Annotated[int, msgspec.Meta(ge=1, le=480)] = 30
    """A session ends so long after it was last used."""
    longest_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 12
    """It ends so long after it began, used or not."""
    recent_minutes: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10
    """Approving and administering ask for a sign-in that is no older."""
