# SPDX-License-Identifier: Apache-2.0
"""Who may read what: a table written by hand, and the laws of composition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import AUDIENCES, MEMBERSHIPS, NOW, PARTIES

from tocsin.clock import DAY, Instant
from tocsin.domain.audience import DIRECTORY, Audience, History, Membership, audiences_of
from tocsin.domain.party import Party, Role, Standing
from tocsin.domain.release import (
    PURPOSES,
    AllOf,
    AnyOf,
    Decision,
    Item,
    Policy,
    Purpose,
    Viewer,
    bits,
    decide,
    follows,
)

SOON, PAST, LONG_AGO = Instant(NOW + DAY), Instant(NOW - DAY), Instant(NOW - 9 * DAY)
ME = "prt_" + "a" * 12 + "4aaa8" + "a" * 15
OTHER = "prt_" + "b" * 12 + "4bbb8" + "b" * 15
BANK, AGENCY, REGULATOR, DESK = Role
PENDING, ACTIVE, SUSPENDED, LEFT = Standing
DEFENCE, INVESTIGATION, SUPERVISION, EXERCISE = Purpose


def viewer(
    role: Role, standing: Standing = ACTIVE, jurisdiction: str = "GB", groups: tuple[Membership, ...] = ()
) -> Viewer:
    party = Party(ME, "A party", role, jurisdiction, standing, bytes(32), bytes(32))
    return Viewer(party, frozenset(groups))


def item(stream: str, *only: Purpose, added: Instant = PAST, not_before: Instant | None = None) -> Item:
    return Item(stream, added, frozenset(only), not_before)


def member(
    since: Instant = LONG_AGO,
    until: Instant | None = None,
    history: History = History.FROM_JOIN,
    group: str = "sepa",
) -> tuple[Membership, ...]:
    return (Membership(group, since, until, since if history is History.FROM_JOIN else Instant(0)),)


SEPA = member()

# item, viewer, purpose → allowed, reason
TABLE: list[tuple[Item, Viewer, Purpose, bool, str]] = [
    # everyone
    (item("all"), viewer(BANK), DEFENCE, True, "in all"),
    (item("all"), viewer(AGENCY), DEFENCE, True, "in all"),
    (item("all"), viewer(REGULATOR), DEFENCE, True, "in all"),
    (item("all"), viewer(DESK), DEFENCE, True, "in all"),
    # members are banks and the desk: neither police nor regulators
    (item("members"), viewer(BANK), DEFENCE, True, "in members"),
    (item("members"), viewer(DESK), DEFENCE, True, "in members"),
    (item("members"), viewer(AGENCY), DEFENCE, False, "outside members"),
    (item("members"), viewer(REGULATOR), DEFENCE, False, "outside members"),
    # by role, by country, by both
    (item("role:agency"), viewer(AGENCY), DEFENCE, True, "in role:agency"),
    (item("role:agency"), viewer(BANK), DEFENCE, False, "outside role:agency"),
    (item("role:agency"), viewer(DESK), DEFENCE, False, "outside role:agency"),
    (item("role:desk"), viewer(DESK), DEFENCE, True, "in role:desk"),
    (item("role:desk"), viewer(BANK, groups=SEPA), DEFENCE, False, "outside role:desk"),
    (item("jurisdiction:GB"), viewer(BANK), DEFENCE, True, "in jurisdiction:GB"),
    (item("jurisdiction:GB"), viewer(REGULATOR), DEFENCE, True, "in jurisdiction:GB"),
    (item("jurisdiction:DE"), viewer(BANK), DEFENCE, False, "outside jurisdiction:DE"),
    (item("role:regulator+jurisdiction:GB"), viewer(REGULATOR), DEFENCE, True, "in role:regulator"),
    (item("role:regulator+jurisdiction:GB"), viewer(REGULATOR, jurisdiction="DE"), DEFENCE, False, "outside"),
    (item("role:regulator+jurisdiction:GB"), viewer(BANK), DEFENCE, False, "outside"),
    # single parties
    (item(f"party:{ME}"), viewer(BANK), DEFENCE, True, "in party:"),
    (item(f"party:{OTHER}"), viewer(BANK), DEFENCE, False, "outside party:"),
    (item(f"party:{OTHER}"), viewer(DESK), DEFENCE, False, "outside party:"),
    # groups: by the roster as it stands now, and the desk is in none by itself
    (item("group:sepa"), viewer(BANK, groups=SEPA), DEFENCE, True, "in group:sepa"),
    (item("group:sepa"), viewer(AGENCY, groups=SEPA), DEFENCE, True, "in group:sepa"),
    (item("group:sepa"), viewer(BANK), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa"), viewer(DESK), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa"), viewer(BANK, groups=member(group="SEPA")), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa"), viewer(BANK, groups=member(group="sepa-2")), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa"), viewer(BANK, groups=member(until=PAST)), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa"), viewer(BANK, groups=member(until=NOW)), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa"), viewer(BANK, groups=member(until=SOON)), DEFENCE, True, "in group:sepa"),
    (item("group:sepa"), viewer(BANK, groups=member(since=SOON)), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa", added=NOW), viewer(BANK, groups=member(since=NOW)), DEFENCE, True, "in group:sepa"),
    # and the past is for those whose membership includes it, but for what was erased meanwhile
    (
        Item("group:sepa", LONG_AGO, erases=True),
        viewer(BANK, groups=member(PAST)),
        DEFENCE,
        True,
        "only takes away",
    ),
    (Item("group:sepa", LONG_AGO, erases=True), viewer(BANK), DEFENCE, False, "outside group:sepa"),
    (item("group:sepa", added=LONG_AGO), viewer(BANK, groups=member(PAST)), DEFENCE, False, "added before"),
    (item("group:sepa", added=LONG_AGO), viewer(BANK, groups=SEPA), DEFENCE, True, "the viewer's to read"),
    (item("group:sepa", added=PAST), viewer(BANK, groups=member(PAST)), DEFENCE, True, "added while"),
    (
        item("group:sepa", added=Instant(PAST - 1)),
        viewer(BANK, groups=member(PAST)),
        DEFENCE,
        False,
        "added before",
    ),
    (
        item("group:sepa", added=LONG_AGO),
        viewer(BANK, groups=member(PAST, history=History.ALL)),
        DEFENCE,
        True,
        "added while",
    ),
    # who left and came back reads from its return on
    (
        item("group:sepa", added=LONG_AGO),
        viewer(BANK, groups=member(LONG_AGO, Instant(PAST - 1)) + member(PAST)),
        DEFENCE,
        False,
        "added before",
    ),
    (
        item("group:sepa", added=PAST),
        viewer(BANK, groups=member(LONG_AGO, Instant(PAST - 1)) + member(PAST)),
        DEFENCE,
        True,
        "added while",
    ),
    (
        item("group:sepa", added=LONG_AGO),
        viewer(BANK, groups=member(LONG_AGO, PAST, History.ALL) + member(PAST)),
        DEFENCE,
        False,
        "added before",
    ),
    # another group's roster changes nothing, neither for a group nor for a stream of all
    (
        item("group:sepa", added=LONG_AGO),
        viewer(BANK, groups=SEPA + member(PAST, group="atm")),
        DEFENCE,
        True,
        "in group:sepa",
    ),
    (
        item("group:atm", added=LONG_AGO),
        viewer(BANK, groups=SEPA + member(PAST, group="atm")),
        DEFENCE,
        False,
        "added before",
    ),
    (item("all", added=LONG_AGO), viewer(BANK, groups=member(PAST)), DEFENCE, True, "no roster"),
    # who is not active reads nothing, not even the directory or what is addressed to it alone
    (item("all"), viewer(BANK, PENDING), DEFENCE, False, "the party is pending"),
    (item("all"), viewer(BANK, SUSPENDED), DEFENCE, False, "the party is suspended"),
    (item("all"), viewer(BANK, LEFT), DEFENCE, False, "the party is left"),
    (item("members"), viewer(DESK, SUSPENDED), DEFENCE, False, "the party is suspended"),
    (item("group:sepa"), viewer(BANK, SUSPENDED, groups=SEPA), DEFENCE, False, "the party is suspended"),
    (item(f"party:{ME}"), viewer(AGENCY, LEFT), DEFENCE, False, "the party is left"),
    (item(DIRECTORY), viewer(BANK, SUSPENDED), DEFENCE, False, "the party is suspended"),
    (item(DIRECTORY), viewer(BANK, PENDING), DEFENCE, False, "the party is pending"),
    # the directory is for every active party
    (item(DIRECTORY), viewer(BANK), DEFENCE, True, "the directory"),
    (item(DIRECTORY), viewer(AGENCY), DEFENCE, True, "the directory"),
    (item(DIRECTORY), viewer(REGULATOR), DEFENCE, True, "the directory"),
    # a role reads for its own purposes
    (item("all"), viewer(BANK), INVESTIGATION, False, "investigation is not what a bank reads for"),
    (item("all"), viewer(BANK), SUPERVISION, False, "supervision is not what a bank reads for"),
    (item("all"), viewer(BANK), EXERCISE, False, "exercise is not what a bank reads for"),
    (item("all"), viewer(AGENCY), INVESTIGATION, True, "investigation is what a agency reads for"),
    (item("all"), viewer(AGENCY), SUPERVISION, False, "supervision is not what a agency reads for"),
    (item("all"), viewer(REGULATOR), SUPERVISION, True, "supervision is what a regulator reads for"),
    (item("all"), viewer(REGULATOR), INVESTIGATION, False, "investigation is not what a regulator reads for"),
    (item("all"), viewer(DESK), INVESTIGATION, True, "investigation is what a desk reads for"),
    (item("all"), viewer(DESK), SUPERVISION, True, "supervision is what a desk reads for"),
    (item("all"), viewer(DESK), EXERCISE, True, "exercise is what a desk reads for"),
    # and an entry may be for some purposes only
    (item("all", INVESTIGATION), viewer(AGENCY), INVESTIGATION, True, "for investigation only"),
    (item("all", INVESTIGATION), viewer(AGENCY), DEFENCE, False, "for investigation only"),
    (item("all", INVESTIGATION), viewer(BANK), DEFENCE, False, "for investigation only"),
    (item("all", INVESTIGATION), viewer(BANK), INVESTIGATION, False, "not what a bank reads for"),
    (
        item("all", INVESTIGATION, SUPERVISION),
        viewer(REGULATOR),
        SUPERVISION,
        True,
        "investigation and supervision",
    ),
    (
        item("all", INVESTIGATION, SUPERVISION),
        viewer(REGULATOR),
        DEFENCE,
        False,
        "investigation and supervision",
    ),
    (item("all", DEFENCE), viewer(BANK), DEFENCE, True, "for defence only"),
    (item("all", EXERCISE), viewer(BANK), DEFENCE, False, "for exercise only"),
    (item("members", INVESTIGATION), viewer(AGENCY), INVESTIGATION, False, "outside members"),
    # embargo
    (item("all", not_before=SOON), viewer(BANK), DEFENCE, False, "under embargo"),
    (item("all", not_before=NOW), viewer(BANK), DEFENCE, True, "no embargo"),
    (item("all", not_before=PAST), viewer(BANK), DEFENCE, True, "no embargo"),
    (item("all", not_before=Instant(NOW + 1)), viewer(BANK), DEFENCE, False, "under embargo"),
    (item(f"party:{ME}", not_before=SOON), viewer(AGENCY), DEFENCE, False, "under embargo"),
    (item(DIRECTORY, not_before=SOON), viewer(DESK), DEFENCE, False, "under embargo"),
    (item("members", not_before=PAST), viewer(AGENCY), DEFENCE, False, "outside members"),
    (item("all", not_before=Instant(0)), viewer(BANK), DEFENCE, True, "no embargo"),
    # a stream that is no audience is nobody's
    (item(""), viewer(DESK), DEFENCE, False, "not an audience"),
    (item("everybody"), viewer(DESK), DEFENCE, False, "not an audience"),
    (item("role:bank+group:sepa"), viewer(BANK, groups=SEPA), DEFENCE, False, "not made of"),
    (item("Directory"), viewer(DESK), DEFENCE, False, "not an audience"),
]


@pytest.mark.parametrize(("asked", "who", "purpose", "allowed", "reason"), TABLE)
def test_the_table(asked: Item, who: Viewer, purpose: Purpose, allowed: bool, reason: str) -> None:
    decision = decide(asked, who, purpose, NOW)
    assert decision.allowed is allowed, decision.reason
    assert reason in decision.reason


def test_the_table_is_long_enough_and_says_yes_and_no() -> None:
    assert len(TABLE) >= 60
    assert 0.2 < sum(allowed for *_, allowed, _ in TABLE) / len(TABLE) < 0.8


def test_what_each_role_may_read_for() -> None:
    assert {role: sorted(purposes) for role, purposes in PURPOSES.items()} == {
        BANK: [DEFENCE],
        AGENCY: [DEFENCE, INVESTIGATION],
        REGULATOR: [DEFENCE, SUPERVISION],
        DESK: [DEFENCE, EXERCISE, INVESTIGATION, SUPERVISION],
    }


GROUPS = st.frozensets(MEMBERSHIPS)
ITEMS = st.builds(
    Item,
    AUDIENCES.map(str),
    st.integers(NOW - DAY, NOW).map(Instant),
    st.frozensets(st.sampled_from(Purpose)),
    st.none() | st.integers(NOW - DAY, NOW + DAY).map(Instant),
)


@given(PARTIES, GROUPS, AUDIENCES)
def test_what_is_followed_is_what_the_party_belongs_to(
    party: Party, times: frozenset[Membership], audience: Audience
) -> None:
    who = Viewer(party, times)
    assert follows(str(audience), who, NOW).allowed == (audience in audiences_of(party, who.groups(NOW)))


@given(PARTIES, GROUPS, ITEMS, st.sampled_from(Purpose))
def test_nothing_is_read_of_a_stream_that_is_not_followed(
    party: Party, times: frozenset[Membership], asked: Item, purpose: Purpose
) -> None:
    who = Viewer(party, times)
    assert follows(asked.stream, who, NOW).allowed or not decide(asked, who, purpose, NOW).allowed


@given(PARTIES, GROUPS, ITEMS, st.sampled_from(Purpose), st.integers(-DAY, DAY))
def test_an_embargo_only_ever_narrows(
    party: Party, times: frozenset[Membership], asked: Item, purpose: Purpose, offset: int
) -> None:
    free = decide(Item(asked.stream, asked.added, asked.purposes), Viewer(party, times), purpose, NOW)
    until = Item(asked.stream, asked.added, asked.purposes, Instant(NOW + offset))
    assert decide(until, Viewer(party, times), purpose, NOW).allowed == (free.allowed and offset <= 0)


@given(PARTIES, GROUPS, ITEMS, st.sampled_from(Purpose))
def test_a_restriction_to_purposes_only_ever_narrows(
    party: Party, times: frozenset[Membership], asked: Item, purpose: Purpose
) -> None:
    free = Item(asked.stream, asked.added, frozenset(), asked.not_before)
    who = Viewer(party, times)
    narrowed = not asked.purposes or purpose in asked.purposes
    assert decide(asked, who, purpose, NOW).allowed == (decide(free, who, purpose, NOW).allowed and narrowed)


@given(PARTIES, st.text(), st.sampled_from(Purpose))
def test_every_decision_has_a_reason_and_no_stream_name_breaks_it(
    party: Party, stream: str, purpose: Purpose
) -> None:
    assert decide(Item(stream, NOW), Viewer(party), purpose, NOW).reason


def test_a_set_of_purposes_is_one_number() -> None:
    assert [bits([purpose]) for purpose in Purpose] == [1, 2, 4, 8]
    assert (bits(()), bits([DEFENCE, DEFENCE]), bits(Purpose)) == (0, 1, 15)


class Says:
    """A rule that always gives one answer."""

    def __init__(self, allowed: bool, reason: str) -> None:
        self._decision = Decision(allowed, reason)

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        return self._decision


YES, NO, NEVER = Says(True, "yes"), Says(False, "no"), Says(False, "never")


def ask(policy: Policy) -> Decision:
    return policy.decide(Item("all", NOW), viewer(BANK), DEFENCE, NOW)


@pytest.mark.parametrize(
    ("policy", "allowed", "reason"),
    [
        (AllOf(()), False, "no rule allows anything"),
        (AnyOf(()), False, "no rule allows anything"),
        (AllOf((AllOf(()), YES)), False, "no rule allows anything"),
        (AnyOf((AllOf(()), AnyOf(()))), False, "no rule allows anything"),
        (AllOf((YES,)), True, "yes"),
        (AllOf((YES, YES)), True, "yes; yes"),
        (AllOf((YES, NO, NEVER)), False, "no"),
        (AnyOf((NO, NEVER)), False, "no; never"),
        (AnyOf((NO, YES)), True, "yes"),
        (AllOf((AnyOf((NO, YES)), NEVER)), False, "never"),
        (AnyOf((AllOf((YES, NO)), YES)), True, "yes"),
    ],
)
def test_rules_compose(policy: Policy, allowed: bool, reason: str) -> None:
    decision = ask(policy)
    assert decision.allowed is allowed
    assert decision.reason.startswith(reason)


@given(st.lists(st.booleans()))
def test_all_needs_every_yes_and_at_least_one_and_any_needs_one(answers: list[bool]) -> None:
    rules = [Says(answer, "because") for answer in answers]
    assert ask(AllOf(rules)).allowed == (bool(answers) and all(answers))
    assert ask(AnyOf(rules)).allowed == any(answers)
