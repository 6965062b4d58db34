# SPDX-License-Identifier: Apache-2.0
"""What each role may do, written by hand a second time, and held against the table."""

from itertools import combinations

import pytest

from tocsin.agent.people.person import Person, Role
from tocsin.agent.people.rights import ALLOWED, FRESH, Action, demand, may
from tocsin.domain import party
from tocsin.errors import Forbidden

BY_HAND = """
                 analyst  approver  admin  auditor
READ             yes      yes       no     yes
READ_CASES       yes      yes       no     yes
WRITE_CASES      yes      yes       no     no
REPORT           yes      yes       no     no
APPROVE          no       yes       no     no
ANSWER           yes      yes       no     no
CORRECT          yes      yes       no     no
SIGHT            yes      yes       no     no
HUNT             yes      yes       no     no
SHIELD           no       yes       no     no
WARN             agency   agency    no     no
APPROVE_WARNING  no       agency    no     no
OPEN_SEALED      police   police    no     no
CONTACTS         yes      yes       yes    no
PEOPLE           no       no        yes    no
SETTINGS         no       no        yes    no
AUDIT            no       no        no     yes
"""
OF = {
    "no": set(),
    "yes": set(party.Role),
    "agency": {party.Role.AGENCY, party.Role.DESK},
    "police": {party.Role.AGENCY, party.Role.DESK, party.Role.REGULATOR},
}


def someone(*roles: Role) -> Person:
    return Person("per_" + "0" * 32, "Ada Example", frozenset(roles))


def test_the_table_is_what_was_meant() -> None:
    head, *lines = (line.split() for line in BY_HAND.strip().splitlines())
    assert head == list(Role)
    assert [Action[line[0]] for line in lines] == list(Action) == list(ALLOWED)
    for name, *cells in lines:
        for role, cell in zip(Role, cells, strict=True):
            allowed = {of for of in party.Role if may(someone(role), Action[name], of)}
            assert allowed == OF[cell], (name, role)


def test_roles_add_up_and_nothing_takes_a_right_away() -> None:
    for several in (set(some) for count in range(5) for some in combinations(Role, count)):
        for action in Action:
            for of in party.Role:
                alone = any(may(someone(role), action, of) for role in several)
                assert may(someone(*several), action, of) == alone


def test_whoever_administers_reads_no_case_and_whoever_audits_changes_nothing() -> None:
    bank = party.Role.BANK
    assert not may(someone(Role.ADMIN), Action.READ_CASES, bank)
    reading = {Action.READ, Action.READ_CASES, Action.AUDIT}
    assert {action for action in Action if may(someone(Role.AUDITOR), action, bank)} == reading


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(Forbidden, match="approve a report needs the role approver"):
        demand(someone(Role.ANALYST), Action.APPROVE, party.Role.BANK)
    with pytest.raises(Forbidden, match="draft a warning is not for a bank"):
        demand(someone(*Role), Action.WARN, party.Role.BANK)
    demand(someone(Role.APPROVER), Action.APPROVE, party.Role.BANK)


def test_what_cannot_be_taken_back_asks_for_a_fresh_sign_in() -> None:
    assert {Action.APPROVE, Action.APPROVE_WARNING, Action.PEOPLE} <= FRESH
    assert not FRESH & {Action.READ, Action.READ_CASES, Action.AUDIT}
