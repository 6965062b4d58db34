# SPDX-License-Identifier: Apache-2.0
"""An agent in a folder whose people sign in, with the hardware that they would have: a telephone, a browser."""

from base64 import b32decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from tests.unit.agent.collecting.houses import house_in

from tocsin.agent.house import House
from tocsin.agent.journal import read
from tocsin.agent.people import links, totp
from tocsin.agent.people.administering import invite
from tocsin.agent.people.enrolling import Chosen, Enrolled, open_link, redeem
from tocsin.agent.people.person import Role, Seat
from tocsin.agent.people.sessions import Client, Opened
from tocsin.agent.people.signing_in import Attempt, sign_in
from tocsin.clock import SECOND, ManualClock
from tocsin.config.sign_in import SignIn

PASSWORD = "quiet bell over the river"
CLIENT = Client("192.0.2.7", "Browser/1")


@contextmanager
def people_in(folder: Path, settings: SignIn = SignIn()) -> Iterator[House]:  # noqa: B008 (frozen)
    """The agent; opened again, it is the same one."""
    with house_in(folder) as house:
        yield with_settings(house, settings)


def with_settings(house: House, settings: SignIn) -> House:
    return msgspec.structs.replace(house, config=msgspec.structs.replace(house.config, sign_in=settings))


def wait(house: House, microseconds: int) -> None:
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(microseconds)


class Someone:
    """A person with a telephone, who has come in by a link."""

    def __init__(self, house: House, name: str, code: str) -> None:
        offer = open_link(house, code)
        self.house, self.name, self.seed = house, name, seed_of(offer.seed)
        chosen = Chosen(name, PASSWORD, self.telephone())
        self.enrolled: Enrolled = redeem(house, code, offer.ticket, chosen, CLIENT)
        self.id = self.enrolled.opened.person.id
        if isinstance(house.clock, ManualClock):
            wait(house, totp.STEP_SECONDS * SECOND)

    def telephone(self) -> str:
        return totp.code_at(self.seed, totp.step_of(self.house.clock.now()))

    def attempt(self, **changes: str) -> Attempt:
        typed = {"name": self.name, "password": PASSWORD, "code": self.telephone(), **changes}
        return Attempt(
            typed["name"], typed["password"], typed["code"], Client(changes.get("address", CLIENT.address))
        )

    def comes_in(self, **changes: str) -> Opened:
        return sign_in(self.house, self.attempt(**changes))


def first(house: House, name: str = "Ada Example") -> Someone:
    """Whoever set the agent up."""
    issued = links.first_link(house)
    assert issued is not None
    return Someone(house, name, issued.code)


def another(house: House, name: str, *roles: Role, seat: Seat | None = None) -> Someone:
    """Somebody who was invited, and came."""
    invited = invite(house, name, frozenset(roles), seat, "Ada Example")
    return Someone(house, name, invited.link.code)


def seed_of(spelled: str) -> bytes:
    return b32decode(spelled.replace(" ", ""))


def journal(house: House) -> list[tuple[str, str, str]]:
    with house.store.reading("journal") as tx:
        return [(line.by, line.what, line.about) for line in read(tx, house.vault.box)]
