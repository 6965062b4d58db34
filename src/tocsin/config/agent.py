# SPDX-License-Identifier: Apache-2.0
"""agent.toml"""

from typing import Annotated, Literal

import msgspec

from tocsin.config.console import Console
from tocsin.config.cover import Anonymous
from tocsin.config.listen import Listen, LogFormat, Port, Seconds
from tocsin.config.shields import Decay, FeedListen, Post, ShieldCap, Shields
from tocsin.config.sign_in import Oidc, SignIn
from tocsin.config.waking import Wake


class OwnAssets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is the bank's own: it never leaves and is never blocked."""

    legal_name: str
    """As registered; aliases are derived from it."""
    aliases: tuple[str, ...] = ()
    """Further names and brands."""
    domains: tuple[str, ...] = ()
    """Own domains; their subdomains are included."""
    networks: tuple[str, ...] = ()
    """Own networks in CIDR form."""
    partners: tuple[str, ...] = ()
    """Domains and networks of partners that must never be blocked without a human."""
    bic: tuple[str, ...] = ()
    """Own bank identifier codes, of 8 or 11 letters."""
    iban: tuple[str, ...] = ()
    """How account numbers of own customers begin; ``?`` stands for any digit: ``GB??HPBK``."""
    bin: tuple[str, ...] = ()
    """How numbers of own cards begin; `agent redact` hides them."""
    internal_hosts: tuple[str, ...] = ()
    """Names of own machines that stand under no own domain; ``*`` stands for anything: ``WS-*``."""
    staff: tuple[str, ...] = ()
    """People whose names must not leave in a text, as they are written."""


class DeclaredRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One standing rule: what may leave without a person. Nothing does until one is declared."""

    name: str
    """How it is called in the journal and on the screen."""
    attacks: tuple[str, ...]
    """Kinds of attack that it covers, such as ``phishing``."""
    kinds: tuple[str, ...]
    """Kinds of values that it covers: ``url``, ``domain``, ``ipv4``, ``sha256``."""
    formats: tuple[str, ...] = ()
    """What the file must have been read as, such as ``mail``; empty: anything."""
    up_to: str = "TLP:AMBER"
    """The strictest marking that it covers."""
    classes: tuple[str, ...] = ("named",)
    """Classes that it covers."""
    audiences: tuple[str, ...] = ("members",)
    """Who may read what it lets out, at most."""
    whole: bool = True
    """A draft with any value that is not covered waits as a whole; false: the covered values go, the rest waits."""
    collected: tuple[str, ...] = ()
    """Sources, ``folder``, ``maildir`` or ``imap``, of which it also lets out what was collected; empty: of none."""
    per_day: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
    """The most reports that it lets out of what was collected, on one day in UTC."""
    four_eyes: bool = False
    """Let it do so even where approvals = 2."""


class Collect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where `tocsin agent serve` collects files from. They wait in `tocsin agent collected` for a person or a rule."""

    folders: tuple[str, ...] = ()
    """Folders; every file that comes into one is read, and stays there as it is."""
    maildirs: tuple[str, ...] = ()
    """Maildirs, each with its `new` and `cur`; the mails stay there as they are."""
    seconds: Seconds = 10
    """How often they are looked at."""


class Imap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mailbox from which `tocsin agent serve` collects mails; it is opened for reading only."""

    host: str
    """Name of the server, as its certificate has it."""
    user: str
    """Account that may read the mailbox."""
    password_file: str
    """Path of a file with the password, mode 0600; a bare name is a credential that systemd hands over."""
    port: Port = 993
    """Port for TLS from the first byte."""
    folder: str = "INBOX"
    """The mailbox."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""
    tls: bool = True
    """Only for a server on this very machine can it be off."""
    first_days: Annotated[int, msgspec.Meta(ge=0, le=3660)] = 30
    """At the first look, mails that came so many days before are collected too; older ones are left alone."""
    seconds: Seconds = 60
    """How often it is looked at."""


class SyslogListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where the agent listens for syslog over TCP: on loopback, or with TLS."""

    port: Port = 6514
    """Port; 0 takes a free one and logs it."""


class Hunting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this party's own logs are hunted for: every value that the alliance names. Logs never leave."""

    logs: tuple[str, ...] = ()
    """Files and folders of logs of the past; new warnings are hunted through them by `tocsin agent serve`."""
    tail: tuple[str, ...] = ()
    """Files that are followed as they are written, through rotation."""
    sightings: Literal["off", "ask", "automatic"] = "ask"
    """Who tells others that a value was seen here: nobody, a person, or the agent for what is at block already."""
    cpu_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 25
    """How much of one processor a hunt through the past takes while the agent serves."""


class AgentConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """agent.toml"""

    hub_url: str
    """Where the alliance's hub serves."""
    master_key: str
    """Path of the file with the vault's master key: outside the agent's folder, mode 0600, never in backups."""
    own: OwnAssets
    """What never leaves and is never blocked."""
    shields: Shields = Shields()
    """Protection files."""
    second_officer: bool = False
    """A desk's warnings, too, need a second officer before they are issued; an agency's always do."""
    acknowledge: bool = False
    """Answer each new warning with *received* by itself; what was done about it is always a person's word."""
    approvals: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    """How many people agree to what no standing rule covers; 2: another person than the first."""
    standing_rules: tuple[DeclaredRule, ...] = ()
    """Rules by which a disclosure leaves without a person; none: everything waits for one."""
    case_days: Annotated[int, msgspec.Meta(ge=30, le=36_525)] = 1826
    """A case is erased this long after its last line, unless a legal hold keeps it."""
    read_url: str = ""
    """An edge of the hub from which this agent reads; empty: the hub itself, which is asked too when the edge fails."""
    partner_url: str = ""
    """Where the alliance's partner serves: its newest note is held against what the hub shows, every ten minutes."""
    proxy: str = ""
    """HTTP proxy for the way out, with credentials if it wants them."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""
    log: LogFormat = "text"
    """How the log is written: lines for a person, or ``json`` for a collector, one document a line."""
    metrics_file: str = ""
    """Path of a file with numbers for a monitor, written anew every minute: node_exporter's textfile collector."""
    collect: Collect = Collect()
    """Folders and maildirs from which files are collected."""
    imap: Imap | None = None
    """Absent: no mailbox is read."""
    wake: Wake | None = None
    """Absent: nobody is told of an urgent warning; it waits in the inbox."""
    decay: Decay = Decay()
    """How long values count after they were last named."""
    shield_caps: tuple[ShieldCap, ...] = ()
    """Caps of single shields; none: the cap of `shields` for all."""
    feeds: FeedListen | None = None
    """Absent: no product fetches its files from this agent."""
    post: Post | None = None
    """Absent: nothing is posted."""
    hunt: Hunting = Hunting()
    """Own logs that are hunted through."""
    syslog: SyslogListen | None = None
    """Absent: nothing listens for syslog, in which is hunted too."""
    anonymous: Anonymous = Anonymous()
    """The anonymous path, where the alliance has one."""
    sign_in: SignIn = SignIn()
    """How people sign in to the console."""
    oidc: Oidc | None = None
    """Absent: no identity provider is asked who they are."""
    console: Console | None = None
    """Absent: nobody looks at this agent by a browser."""
