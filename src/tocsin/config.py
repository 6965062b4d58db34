# SPDX-License-Identifier: Apache-2.0
"""One frozen configuration per process: every setting with its sentence, unknown keys refused.

Files are TOML; samples of all four stand in docs/samples and are parsed by a test. Secrets are never in them.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from tocsin.errors import ConfigError, Missing
from tocsin.files import replace_file

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=3_600)]
LogFormat = Literal["text", "json"]
ShortWait = Annotated[float, msgspec.Meta(gt=0, le=60)]
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a process listens. Off loopback it starts only with TLS or a declared proxy."""

    host: str = "127.0.0.1"
    """Address to bind."""
    port: Port = 8710
    """Port; 0 takes a free one and prints it."""
    behind_tls_proxy: bool = False
    """Declare that a reverse proxy on this machine ends TLS; without it, off loopback, nothing starts."""
    tls_certificate: str = ""
    """Path of a PEM certificate chain."""
    tls_key: str = ""
    """Path of its PEM private key."""


class PartnerLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The partner that witnesses this hub's history."""

    url: str
    """Where it serves."""
    key: str
    """Its verifier key, as `tocsin partner init` prints it."""


class HubConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """hub.toml"""

    alliance: str
    """The alliance's public name; author of what its members disclose."""
    public_url: str
    """The URL under which agents reach the hub; request signatures are checked against its host."""
    listen: Listen = Listen()
    """Where `tocsin hub serve` listens."""
    store: str = "hub.db"
    """SQLite file in the hub's folder, or a postgresql:// address."""
    standbys: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """PostgreSQL only: so many standbys must have each commit on disk before it is answered or signed."""
    partner: PartnerLink | None = None
    """Absent: heads are unwitnessed by declared policy, and shown so."""
    heartbeat_seconds: Seconds = 15
    """A line on every idle stream this often, so that proxies keep it open."""
    witness_seconds: ShortWait = 5.0
    """How long the partner has for one answer; after half a second the head goes out without it meanwhile."""
    retention_days: Annotated[int, msgspec.Meta(ge=30, le=3660)] = 1095
    """Reports and sightings are erased this long after they came; warnings end by their own expiry."""
    restore_seconds: Seconds = 900
    """How long a restored hub waits for what only its readers can know, once it has all that the partner saw."""
    log: LogFormat = "text"
    """How the log is written: lines for a person, or ``json`` for a collector, one document a line."""
    metrics_key: str = ""
    """Path of a file with the key for `/metrics`, mode 0600; without it nothing is at that address."""


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


class FeedListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where products fetch the files of shields over HTTPS, each with a credential of its own."""

    port: Port = 8713
    """Port; 0 takes a free one and prints it."""


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


class PartnerListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where a partner listens: as any process, on a port of its own."""

    port: Port = 8711
    """Port; 0 takes a free one and prints it."""


class PartnerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """partner.toml"""

    hub_key: str
    """The hub's verifier key, as `tocsin hub init` prints it: the one history this partner witnesses."""
    listen: PartnerListen = PartnerListen()
    """Where `tocsin partner serve` listens."""
    log: LogFormat = "text"
    """How the log is written: lines for a person, or ``json`` for a collector, one document a line."""
    metrics_key: str = ""
    """Path of a file with the key for `/metrics`, mode 0600; without it nothing is at that address."""


class EdgeListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where an edge listens: as any process, on a port of its own."""

    port: Port = 8712
    """Port; 0 takes a free one and prints it."""


class EdgeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """edge.toml"""

    public_url: str
    """The URL under which agents reach this edge; request signatures are checked against its host."""
    listen: EdgeListen = EdgeListen()
    """Where `tocsin hub serve --follow` listens."""
    heartbeat_seconds: Seconds = 15
    """A line on every idle stream this often, so that proxies keep it open."""
    silence_seconds: Annotated[int, msgspec.Meta(ge=3, le=600)] = 30
    """After so long without a word from the hub the edge lets every reader go: a suspension could not reach it."""
    proxy: str = ""
    """HTTP proxy for the way to the hub, with credentials if it wants them."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""


_FOLDER_FIRST = "Check the name: DIR is the folder that init has made, and it comes before everything else."

C = TypeVar("C", HubConfig, AgentConfig, PartnerConfig, EdgeConfig)


def load(path: Path, into: type[C]) -> C:
    """Read a configuration file; ConfigError names the file and the setting that is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=into)
    except FileNotFoundError:
        raise Missing(
            f"{path} does not exist: has this folder been set up with init?", next_step=_FOLDER_FIRST
        ) from None
    except NotADirectoryError:
        raise Missing(
            f"{path.parent} is a file, and a folder is wanted there.", next_step=_FOLDER_FIRST
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise ConfigError(f"{path}: {error}.") from None


def save(path: Path, config: HubConfig | AgentConfig | PartnerConfig | EdgeConfig) -> None:
    """Write a configuration file as TOML, for its owner only.

    An absent part stays absent: TOML has no null. So does an empty list of parts, or nobody could add one below.
    """
    settings = {name: value for name, value in msgspec.to_builtins(config).items() if value not in (None, ())}
    replace_file(path, msgspec.toml.encode(settings))
