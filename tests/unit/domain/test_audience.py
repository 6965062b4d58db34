# SPDX-License-Identifier: Apache-2.0
"""One audience, one text, one stream; and a party finds exactly the audiences that include it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.strategies import AUDIENCES, GROUP_NAMES, PARTIES

from tocsin.clock import Instant
from tocsin.domain.audience import (
    DIRECTORY,
    EVERYONE,
    MEMBERS,
    Audience,
    History,
    Membership,
    audiences_of,
    default_audience,
)
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import Malformed

PARTY_ID = "prt_" + "a" * 12 + "4aaa8" + "a" * 15
GROUPS = st.frozensets(GROUP_NAMES)


@given(AUDIENCES)
def test_the_text_of_an_audience_reads_back_as_it(audience: Audience) -> None:
    assert Audience.parse(str(audience)) == audience


@given(AUDIENCES, AUDIENCES)
def test_equal_audiences_have_equal_texts_and_others_have_not(one: Audience, other: Audience) -> None:
    assert (one == other) == (str(one) == str(other)) == (hash(one) == hash(other))


@given(st.text() | st.text("abcdefghijklmnopqrstuvwxyz:+-_GBDE0123456789", max_size=60))
@example("")
@example("\ud800")
def test_a_text_is_canonical_or_malformed_and_nothing_else(text: str) -> None:
    try:
        assert str(Audience.parse(text)) == text
    except Malformed:
        return


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "ALL",
        "all ",
        "all+members",
        "members+role:bank",
        "all+role:bank",
        "everyone",
        "role",
        "role:",
        "role:spy",
        "role:Bank",
        "role:bank+",
        "+role:bank",
        "role:bank+role:bank",
        "role:bank+role:agency",
        "jurisdiction:GB+role:bank",  # right parts, wrong order
        "jurisdiction:gb",
        "jurisdiction:GBR",
        "jurisdiction:GB+jurisdiction:DE",
        "group:",
        "group:---",
        "group:a b",
        "group:a:b",
        "group:ä",
        "group:" + "a" * 41,
        "party:prt_1",
        "party:" + PARTY_ID.upper(),
        "party:rpt_" + PARTY_ID[4:],
        "country:GB",
        DIRECTORY,
        "role:bank\n",
        "role:bank+" * 10_000,
    ],
)
def test_any_other_spelling_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Audience.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "role:bank+group:sepa",
        "jurisdiction:GB+group:sepa",
        f"role:bank+party:{PARTY_ID}",
        f"group:sepa+party:{PARTY_ID}",
        f"role:bank+jurisdiction:GB+group:sepa+party:{PARTY_ID}",
    ],
)
def test_a_combination_whose_stream_nobody_would_follow_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="not made of"):
        Audience.parse(text)


def test_the_longest_name_of_a_group_is_forty_characters() -> None:
    assert str(Audience.parse("group:" + "a" * 40)) == "group:" + "a" * 40


def test_the_words_of_the_wire_and_the_command_line() -> None:
    assert (DIRECTORY, *History) == ("directory", "all", "from-join")


SINCE = Instant(100)


@pytest.mark.parametrize(
    ("until", "now", "holds"),
    [
        (None, 99, False),
        (None, 100, True),
        (None, 10**18, True),
        (150, 149, True),
        (150, 150, False),
        (100, 100, False),
        (0, 100, False),
    ],
)
def test_a_membership_holds_from_its_beginning_until_just_before_its_end(
    until: Instant | None, now: Instant, holds: bool
) -> None:
    assert Membership("sepa", SINCE, until).holds(now) is holds


def test_a_membership_reads_from_its_point_on_and_without_one_everything() -> None:
    assert [Membership("sepa", SINCE, None, SINCE).reads(Instant(at)) for at in (99, 100)] == [False, True]
    assert Membership("sepa", SINCE).reads(Instant(0))
    assert Membership("sepa", SINCE).history is History.ALL
    assert Membership("sepa", SINCE, None, SINCE).history is History.FROM_JOIN


def test_an_empty_rule_is_refused_because_it_would_be_everyone() -> None:
    with pytest.raises(Malformed, match="nothing"):
        Audience()


def test_everyone_cannot_be_narrowed_by_mistake() -> None:
    with pytest.raises(Malformed):
        Audience(everyone=True, role=Role.AGENCY)


@given(PARTIES, GROUPS, AUDIENCES)
def test_a_party_follows_an_audience_exactly_when_it_is_included(
    viewer: Party, groups: frozenset[str], audience: Audience
) -> None:
    assert (audience in audiences_of(viewer, groups)) == audience.includes(viewer, groups)


@given(PARTIES, GROUPS)
def test_a_party_has_few_audiences_and_each_once(viewer: Party, groups: frozenset[str]) -> None:
    found = audiences_of(viewer, groups)
    assert len(found) == len(set(found)) <= 6 + len(groups)


@given(PARTIES, GROUPS, AUDIENCES)
def test_only_active_parties_belong_anywhere(
    viewer: Party, groups: frozenset[str], audience: Audience
) -> None:
    if viewer.standing is not Standing.ACTIVE:
        assert not audience.includes(viewer, groups)
        assert audiences_of(viewer, groups) == ()


@given(PARTIES, GROUPS, AUDIENCES)
def test_whoever_is_included_has_a_role_that_could_be(
    viewer: Party, groups: frozenset[str], audience: Audience
) -> None:
    if audience.includes(viewer, groups):
        assert audience.includes_role(viewer.role)


def test_members_are_banks_and_the_desk() -> None:
    assert {role for role in Role if MEMBERS.includes_role(role)} == {Role.BANK, Role.DESK}


@pytest.mark.parametrize(
    ("author", "audience"),
    [(Role.BANK, MEMBERS), (Role.DESK, MEMBERS), (Role.AGENCY, EVERYONE), (Role.REGULATOR, EVERYONE)],
)
def test_the_default_of_a_bank_leaves_police_and_regulators_out(author: Role, audience: Audience) -> None:
    assert default_audience(author) == audience


@pytest.mark.parametrize("text", ["everybody", "role:bank+role:agency", "country:GB", ""])
def test_what_is_no_audience_is_answered_with_what_there_is(text: str) -> None:
    with pytest.raises(Malformed, match=r"all, members, role:agency, jurisdiction:GB"):
        Audience.parse(text)
