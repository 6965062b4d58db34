# SPDX-License-Identifier: Apache-2.0
"""What hypothesis draws from: values in normal form of every kind, parties, audiences, markings, disclosures."""

import ipaddress
import string
from datetime import date

from hypothesis import strategies as st

from tocsin.clock import DAY, Instant
from tocsin.domain.audience import EVERYONE, MEMBERS, Audience, Membership
from tocsin.domain.disclosure import PARTS, Attack, Disclosure, Indicator
from tocsin.domain.grading import parse_grading
from tocsin.domain.marking import PAP, TLP, Marking
from tocsin.domain.narrative import check_narrative
from tocsin.domain.observable import MAX_VALUE, Kind, Observable, normalise
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import Malformed

_LABEL = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=63)
_NAME = st.lists(_LABEL, min_size=1, max_size=4).map(
    lambda labels: ".".join([*labels, "example"])[-253:].strip(".")
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_SYNTAX = st.text("\"';|\\:#,()[]{}<>=%&$`\n\r\t\x00 @.*/?é漢", max_size=40)
"""What a rule, zone, table or pattern language could trip over."""

_HEX = string.hexdigits.lower()[:16]
IDS = st.binary(min_size=16, max_size=16).map(
    lambda raw: raw[:6].hex() + "4" + raw[6:8].hex()[:3] + "8" + raw[8:].hex()[:15]
)
"""32 hex digits of a random (version 4) UUID."""


def _normal(kind: Kind, raw: st.SearchStrategy[str]) -> st.SearchStrategy[Observable]:
    def attempt(text: str) -> Observable | None:
        try:
            return normalise(kind, text)
        except Malformed:
            return None

    return raw.map(attempt).filter(bool)


def _cidr(network: tuple[int, int, int]) -> str:
    version, address, prefix = network
    bits = 32 if version == 4 else 128
    return str(ipaddress.ip_network((address % 2**bits, prefix % (bits + 1)), strict=False))


DOMAINS = _normal(Kind.DOMAIN, _NAME)
ADDRESSES = _normal(Kind.IPV4, st.ip_addresses(v=4).map(str)) | _normal(
    Kind.IPV6, st.ip_addresses(v=6).map(str)
)
CIDRS = _normal(
    Kind.CIDR,
    st.tuples(st.sampled_from([4, 6]), st.integers(0, 2**128 - 1), st.integers(0, 128)).map(_cidr),
)
URLS = _normal(
    Kind.URL,
    st.builds(
        "{}://{}/{}{}".format,
        st.sampled_from(["http", "https", "ftp"]),
        _NAME | st.just("192.0.2.7:8080") | st.just("[2001:db8::1]"),
        _TEXT | _SYNTAX,
        st.just("") | (_TEXT | _SYNTAX).map("?{}".format),
    ),
)
EMAILS = _normal(
    Kind.EMAIL, st.builds("{}@{}".format, st.text(min_size=1, max_size=64) | _SYNTAX | st.just("=o'x"), _NAME)
)
HASHES = st.one_of(
    _normal(kind, st.text(_HEX, min_size=size, max_size=size))
    for kind, size in ((Kind.MD5, 32), (Kind.SHA1, 40), (Kind.SHA256, 64))
)
LONG_URLS = st.sampled_from([";", "|", '"', "\\", "'", "a", "%"]).map(
    lambda filler: normalise(Kind.URL, "http://long.example/" + filler * ((MAX_VALUE - 20) // 3))
)
SYSTEMS = _normal(Kind.SYSTEM, st.integers(0, 2**32 - 1).map(str))
FILE_NAMES = _normal(Kind.FILE_NAME, _TEXT | _SYNTAX)
OBSERVABLES = st.one_of(DOMAINS, ADDRESSES, CIDRS, URLS, EMAILS, HASHES, LONG_URLS, SYSTEMS, FILE_NAMES)
"""A value of any kind in normal form, often with characters that mean something to somebody's parser."""

GRADINGS = st.builds("admiralty:{}{}".format, st.sampled_from("ABCDEF"), st.sampled_from("123456")).map(
    parse_grading
) | st.builds(
    "3x5x2:{}{}{}".format, st.sampled_from("123"), st.sampled_from("ABCDE"), st.sampled_from("PC")
).map(parse_grading)
MARKINGS = st.builds(Marking, tlp=st.sampled_from(TLP), pap=st.sampled_from(PAP))

GROUP_NAMES = st.sampled_from(["sepa", "atm-2026", "X", "swift-users"])
NOW = Instant(1_795_249_800_000_000)
"""2026-11-21 in the morning: when the rules of release are asked."""
_NEAR = st.integers(NOW - 3 * DAY, NOW + DAY).map(Instant)
MEMBERSHIPS = st.builds(
    Membership,
    group=GROUP_NAMES,
    since=_NEAR,
    until=st.none() | _NEAR,
    reads_from=st.just(Instant(0)) | _NEAR,
)
"""A party's time in a group, over or not, sometimes yet to come."""
JURISDICTIONS = st.sampled_from(["GB", "DE", "FR"])
PARTY_IDS = st.sampled_from([f"prt_{digit * 12}4{digit * 3}8{digit * 15}" for digit in "abc"])
PARTIES = st.builds(
    Party,
    id=PARTY_IDS,
    name=st.just("A party"),
    role=st.sampled_from(Role),
    jurisdiction=JURISDICTIONS,
    standing=st.sampled_from(Standing),
    signing_key=st.just(bytes(32)),
    sealing_key=st.just(bytes(32)),
)
AUDIENCES = st.one_of(
    st.just(EVERYONE),
    st.just(MEMBERS),
    st.builds(Audience, role=st.sampled_from(Role)),
    st.builds(Audience, jurisdiction=JURISDICTIONS),
    st.builds(Audience, role=st.sampled_from(Role), jurisdiction=JURISDICTIONS),
    st.builds(Audience, group=GROUP_NAMES),
    st.builds(Audience, party=PARTY_IDS),
)
"""Every form of audience."""


def _seen(text: str) -> bool:
    try:
        return bool(check_narrative(text))
    except Malformed:
        return False


_NARRATIVES = (_TEXT | st.just('Two "calls",\nthen evil[.]example \\ 漢字')).filter(_seen)
DISCLOSURES = st.builds(
    Disclosure,
    report_id=IDS.map("rpt_{}".format),
    attack=st.sampled_from(Attack),
    happened=st.dates(date(1970, 1, 1), date(2100, 1, 1)).map(date.isoformat),
    indicators=st.lists(
        st.builds(Indicator, observable=OBSERVABLES, part=st.sampled_from(sorted(PARTS))),
        min_size=1,
        max_size=8,
    ).map(tuple),
    external_ids=st.lists(
        st.sampled_from(["CVE-2026-12345", "G0032", "S0154", "T1566", "T1566.002"]), unique=True, max_size=5
    ).map(lambda names: tuple(sorted(names))),
    marking=MARKINGS,
    grading=st.none() | GRADINGS,
    text=st.just("") | _NARRATIVES,
)
