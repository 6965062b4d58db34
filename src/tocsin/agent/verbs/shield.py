# SPDX-License-Identifier: Apache-2.0
"""A person switches a shield, or takes its last change back; both are lines in the journal, with who and why."""

from tocsin.agent.house import House
from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.switching import State, Switch, keep
from tocsin.clock import Instant


def switch(house: House, protection: Protection, shield: str, state: State, by: str, why: str) -> Switch:
    """Switch one shield to `monitor`, `on` or `off`; Unknown for one that the settings do not name.

    One that is switched on writes its files at once. One that is not leaves files without values behind.
    """
    protection.find(shield)
    made = _keep(house, shield, Switch(state, by.strip(), house.clock.now(), why.strip()))
    if state is State.ON:
        protection.apply(house.clock.now(), dry_run=False)
    else:
        protection.empty(shield, house.clock.now())
    return made


def undo(house: House, protection: Protection, shield: str, by: str, why: str) -> Instant:
    """Put back what stood before a shield's last change; until when that stood. Unknown when nothing is left to undo.

    Its files then stay as they are, whatever the alliance says or takes back, until a person switches it again.
    """
    protection.demand_undoable(shield)
    _keep(house, shield, Switch(State.UNDONE, by.strip(), house.clock.now(), why.strip()))
    return protection.undo(shield, house.clock.now())


def _keep(house: House, shield: str, made: Switch) -> Switch:
    house.store.run("switch shield", lambda tx: keep(tx, house.vault.box, shield, made))
    return made
