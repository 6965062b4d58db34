# SPDX-License-Identifier: Apache-2.0
"""Every story that is kept ends well."""

import pytest
from tests.simulation.playing import wrongs
from tests.simulation.reproductions import STORIES


@pytest.mark.parametrize("name", STORIES)
def test_it_ends_well(name: str):
    assert wrongs(STORIES[name]) == []
