# SPDX-License-Identifier: Apache-2.0
"""Argon2id costs a third of a second in the product; here it is the same function at its least cost."""

from collections.abc import Iterator

import pytest

from tocsin.agent.people import passwords


@pytest.fixture(autouse=True)
def cheap_passwords() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_PASSES", 1)
        patch.setattr(passwords, "_LANES", 1)
        patch.setattr(passwords, "_KIB", 8)
        patch.setattr(passwords, "DECOY", f"$argon2id$v=19$m=8,t=1,p=1${'A' * 22}${'A' * 43}")
        yield
