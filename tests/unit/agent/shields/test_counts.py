# SPDX-License-Identifier: Apache-2.0
"""A protection file is counted as what it holds, and says why it does not hold the rest."""

import pytest
from tests.unit.agent.shields.blocks import NOW, ONE_OF_EACH

from tocsin.agent.shields.formats import BUILT_IN
from tocsin.hooks import Blocked, Protect


@pytest.mark.parametrize("one", ONE_OF_EACH, ids=lambda one: str(one.observable))
@pytest.mark.parametrize("shield", BUILT_IN, ids=lambda shield: shield.name())
def test_a_value_that_a_file_holds_changes_it_and_no_other_does(shield: Protect, one: Blocked) -> None:
    assert (shield.render([one], NOW) != shield.render([], NOW)) is shield.holds(one.observable)
    assert shield.limits()
