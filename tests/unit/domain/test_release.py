# SPDX-License-Identifier: Apache-2.0
"""Who may read what: a table written by hand, and the laws of composition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import AUDIENCES, GROUP_NAMES, PARTIES

from tocsin.clock import DAY, Instant
from tocsin.domain.audience import DIRECTORY, Audience, audiences_of
from tocsin.domain.party import Party, Role, Standing
from tocsin.domain.release import AllOf, AnyOf, Decision, Item, Policy, Purpose, Viewer, decide

NOW = Instant(1_795_249_800_000_000)
SOON, PAST = Instant(NOW + DAY), Instant(NOW - DAY)
ME = "prt_" + "a" * 12 + "4aaa8" + "a" * 15
OTHER = "prt_" + "b" * 12 + "4bbb8" + "b" * 15
BANK, AGENCY, REGULATOR, DESK = Role
PENDING, ACTIVE, SUSPENDED, LEFT = Standing


def viewer(
    role: Role, standing: Standing = ACTIVE, jurisdiction: str = "GB", groups: frozenset[str] = frozenset()
) -> Viewer:
    party = Party(ME, "A party", role, jurisdiction, standing, bytes(32), bytes(32))
    return Viewer(party, groups)


SEPA = frozenset({"sepa"})

# stream, embargo, viewer → allowed, reason
TABLE: list[tuple[str, Instant | None, Viewer, bool, str]] = [
    # everyone
    ("all", None, viewer(BANK), True, "in all"),
    ("all", None, viewer(AGENCY), True, "in all"),
    ("all", None, viewer(REGULATOR), True, "in all"),
    ("all", None, viewer(DESK), True, "in all"),
    # members are banks and the desk: neither police nor regulators
    ("members", None, viewer(BANK), True, "in members"),
    ("members", None, viewer(DESK), True, "in members"),
    ("members", None, viewer(AGENCY), False, "outside members"),
    ("members", None, viewer(REGULATOR), False, "outside members"),
    # by role, by country, by both
    ("role:agency", None, viewer(AGENCY), True, "in role:agency"),
    ("role:agency", None, viewer(BANK), False, "outside role:agency"),
    ("role:agency", None, viewer(DESK), False, "outside role:agency"),
    ("jurisdiction:GB", None, viewer(BANK), True, "in jurisdiction:GB"),
    ("jurisdiction:GB", None, viewer(REGULATOR), True, "in jurisdiction:GB"),
    ("jurisdiction:DE", None, viewer(BANK), False, "outside jurisdiction:DE"),
    ("role:regulator+jurisdiction:GB", None, viewer(REGULATOR), True, "in role:regulator"),
    ("role:regulator+jurisdiction:GB", None, viewer(REGULATOR, jurisdiction="DE"), False, "outside"),
    ("role:regulator+jurisdiction:GB", None, viewer(BANK), False, "outside"),
    # groups and single parties
    ("group:sepa", None, viewer(BANK, groups=SEPA), True, "in group:sepa"),
    ("group:sepa", None, viewer(BANK), False, "outside group:sepa"),
    ("group:sepa", None, viewer(BANK, groups=frozenset({"SEPA", "sepa-2"})), False, "outside group:sepa"),
    (f"party:{ME}", None, viewer(BANK), True, "in party:"),
    (f"party:{OTHER}", None, viewer(BANK), False, "outside party:"),
    (f"party:{OTHER}", None, viewer(DESK), False, "outside party:"),
    # who is not active reads nothing, not even the directory or what is addressed to it alone
    ("all", None, viewer(BANK, PENDING), False, "the party is pending"),
    ("all", None, viewer(BANK, SUSPENDED), False, "the party is suspended"),
    ("all", None, viewer(BANK, LEFT), False, "the party is left"),
    ("members", None, viewer(DESK, SUSPENDED), False, "the party is suspended"),
    ("group:sepa", None, viewer(BANK, SUSPENDED, groups=SEPA), False, "the party is suspended"),
    (f"party:{ME}", None, viewer(AGENCY, LEFT), False, "the party is left"),
    (DIRECTORY, None, viewer(BANK, SUSPENDED), False, "the party is suspended"),
    (DIRECTORY, None, viewer(BANK, PENDING), False, "the party is pending"),
    # the directory is for every active party
    (DIRECTORY, None, viewer(BANK), True, "the directory"),
    (DIRECTORY, None, viewer(AGENCY), True, "the directory"),
    (DIRECTORY, None, viewer(REGULATOR), True, "the directory"),
    # embargo
    ("all", SOON, viewer(BANK), False, "under embargo"),
    ("all", NOW, viewer(BANK), True, "no embargo"),
    ("all", PAST, viewer(BANK), True, "no embargo"),
    ("all", Instant(NOW + 1), viewer(BANK), False, "under embargo"),
    (f"party:{ME}", SOON, viewer(AGENCY), False, "under embargo"),
    (DIRECTORY, SOON, viewer(BANK), False, "under embargo"),
    ("members", PAST, viewer(AGENCY), False, "outside members"),
    # a stream that is no audience is nobody's
    ("", None, viewer(DESK), False, "not an audience"),
    ("everybody", None, viewer(DESK), False, "not an audience"),
    ("role:bank+group:sepa", None, viewer(BANK, groups=SEPA), False, "not made of"),
    ("Directory", None, viewer(DESK), False, "not an audience"),
]


@pytest.mark.parametrize(("stream", "not_before", "who", "allowed", "reason"), TABLE)
def test_the_table(stream: str, not_before: Instant | None, who: Viewer, allowed: bool, reason: str) -> None:
    decision = decide(Item(stream, not_before), who, Purpose.DEFENCE, NOW)
    assert decision.allowed is allowed, decision.reason
    assert reason in decision.reason


@given(PARTIES, st.frozensets(GROUP_NAMES), AUDIENCES)
def test_what_is_released_is_what_the_party_follows(
    party: Party, groups: frozenset[str], audience: Audience
) -> None:
    decision = decide(Item(str(audience)), Viewer(party, groups), Purpose.DEFENCE, NOW)
    assert decision.allowed == (audience in audiences_of(party, groups))


@given(PARTIES, AUDIENCES, st.integers(-DAY, DAY))
def test_an_embargo_only_ever_narrows(party: Party, audience: Audience, offset: int) -> None:
    free = decide(Item(str(audience)), Viewer(party), Purpose.DEFENCE, NOW)
    held = decide(Item(str(audience), Instant(NOW + offset)), Viewer(party), Purpose.DEFENCE, NOW)
    assert held.allowed == (free.allowed and offset <= 0)


@given(PARTIES, st.text())
def test_every_decision_has_a_reason_and_no_stream_name_breaks_it(party: Party, stream: str) -> None:
    assert decide(Item(stream), Viewer(party), Purpose.DEFENCE, NOW).reason


class Says:
    """A rule that always gives one answer."""

    def __init__(self, allowed: bool, reason: str) -> None:
        self._decision = Decision(allowed, reason)

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        return self._decision


YES, NO, NEVER = Says(True, "yes"), Says(False, "no"), Says(False, "never")


def ask(policy: Policy) -> Decision:
    return policy.decide(Item("all"), viewer(BANK), Purpose.DEFENCE, NOW)


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
